/** What can be asked of a program on the node, whichever it is. */

import type { EndpointChange } from "../changes.js";
import type { ChangeReply, SettleReply, StartReply } from "../tasks.js";

/** A node that a program works on. Requests come one after another. */
export interface ProgrammedNode {
  start(): Promise<StartReply>;
  /** Waits until it has nothing left to write. */
  settle(): Promise<SettleReply>;
  /** Changes one endpoint of a service, and waits until that is written. */
  change(service: number, kind: EndpointChange): Promise<ChangeReply>;
  /** Gives a service so many endpoints. */
  resize(service: number, endpoints: number): Promise<void>;
  /** Replaces all endpoints of a service, one event each. */
  rollOut(service: number): Promise<ChangeReply>;
}
