#!/usr/bin/env bash
# Installs from Debian or Ubuntu what the slow tests look at reports with: Chromium for report.html, LibreOffice for slides.
# About 160 MB to download. Without them these tests are skipped, except in CI.
set -euo pipefail

if [ "$(id -u)" -eq 0 ]; then as_root=(); else as_root=(sudo); fi
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
  chromium libreoffice-impress poppler-utils fonts-liberation
