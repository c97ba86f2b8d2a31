import type { Plane } from "../plane.js";
import { NFTABLES } from "./descriptor.js";
import { NftablesProgram } from "./program.js";
import { nftUpdateText } from "./rules/handed-text.js";
import { setWalks } from "./rules/set-walks.js";

/** kube-proxy's nftables mode: verdict maps. */
export const nftables: Plane = {
  id: NFTABLES.id,
  label: NFTABLES.name,
  descriptor: NFTABLES,
  compile: (cluster, options) => new NftablesProgram(cluster, options),
  setWalks: (program) => {
    if (!(program instanceof NftablesProgram)) throw new TypeError("not an nftables program");
    return setWalks(program);
  },
  updateText: (program, change) => {
    if (!(program instanceof NftablesProgram)) throw new TypeError("not an nftables program");
    return nftUpdateText(program, change);
  },
};
