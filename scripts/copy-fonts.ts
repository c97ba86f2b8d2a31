/**
 * Copies the fonts that pictures are drawn with, and makes the subsets that SVG pictures carry: `npm run build && node
 * dist/scripts/copy-fonts.js`. They are committed: a subset takes a WebAssembly module to make, and of the 18 fonts of the
 * package three are used.
 */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import subsetFont from "subset-font";

const FOLDER = fileURLToPath(new URL("../../src/output/image/fonts/", import.meta.url));
const WEIGHTS = {
  400: "400Regular/Inter_400Regular",
  600: "600SemiBold/Inter_600SemiBold",
  700: "700Bold/Inter_700Bold",
};

/** ASCII, and what charts and units use beyond it. Anything else is drawn in the reader's own font. */
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");
const MORE = "\u00a0µμ×÷–—·…≥≤≈±²³°’‘“”→←↑↓∞äöüéèß";

/** Kerning alone: alternates that other features substitute are half of the file, and screens no longer need hints. */
const SETTINGS = {
  targetFormat: "woff2",
  noLayoutClosure: true,
  noHinting: true,
  keepFeatures: ["kern"],
} as const;

const require = createRequire(import.meta.url);
mkdirSync(FOLDER, { recursive: true });
for (const [weight, file] of Object.entries(WEIGHTS)) {
  const path = require.resolve(`@expo-google-fonts/inter/${file}.ttf`);
  copyFileSync(path, join(FOLDER, `inter-${weight}.ttf`));
  const subset = await subsetFont(readFileSync(path), ASCII + MORE, SETTINGS);
  writeFileSync(join(FOLDER, `inter-${weight}.woff2`), subset);
  console.log(`inter-${weight}.woff2: ${subset.length} bytes`);
}
