import { describe, expect, it } from "vitest";
import { lbscale } from "../support/cli.js";
import { BOUTIQUE } from "../support/inputs.js";

describe("lbscale export", () => {
  it("exports 5,000 generated services as iptables rules, the same for a seed, which are read back", () => {
    const { status, stdout } = lbscale(["export", "--services", "5000", "--format", "iptables"]);
    expect(status).toBe(0);
    expect(lbscale(["export", "--services", "5000", "--seed", "1", "--format", "iptables"]).stdout).toBe(
      stdout,
    );
    expect(lbscale(["export", "--services", "5000", "--seed", "2", "--format", "iptables"]).stdout).not.toBe(
      stdout,
    );
    const generated = lbscale(["generate", "--services", "5000", "--shape", "mixed"]).stdout;
    expect(lbscale(["export", "-", "--format", "iptables"], generated).stdout).toBe(stdout);
    expect(lbscale(["import", "-"], stdout).stderr).toMatch(/^5,000 Services with /);
  });

  it.each(["kubernetes", "iptables", "nft", "cilium", "ipvsadm"])(
    "exports %s that import and verify take, and says what the format does not hold",
    (format) => {
      const { status, stdout, stderr } = lbscale(["export", BOUTIQUE, "--format", format]);
      expect([status, stderr]).toEqual([
        0,
        expect.stringMatching(new RegExp(`\\nnot representable in ${format}: [^\\n]*\\n$`)),
      ]);
      const imported = lbscale(["import", "-"], stdout);
      expect([imported.status, JSON.parse(imported.stdout).services.length]).toEqual([
        0,
        { ipvsadm: 14, cilium: 13 }[format] ?? 12,
      ]);
      expect(lbscale(["verify", "-", "--flows", "2000"], stdout).status).toBe(0);
    },
  );
});
