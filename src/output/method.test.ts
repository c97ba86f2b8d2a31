import { expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { formatMethod } from "./method.js";

it("the method says whose anonymous maps are modelled: the run's version of nft, or what old runs had", () => {
  const results = fakeResults();
  const said = (nft?: Record<string, string>) =>
    /nftables as nft (.*) makes them/.exec(
      formatMethod({
        ...results,
        run: { ...results.run, settings: { ...results.run.settings, ...(nft && { nft }) } },
      })[0]!,
    )?.[1];
  expect(said()).toBe("up to 1.1.1");
  expect(said({ nftables: "1.1.3", "nftables@1.36": "1.1.3" })).toBe("1.1.3");
  expect(said({ nftables: "1.1.3", "nftables@1.36": "1.0.6" })).toBe("1.1.3 and 1.0.6");
});
