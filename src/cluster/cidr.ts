/** An IPv4 range, or a block of the numbers that stand for IPv6: those whose upper `prefixLength` bits equal those of `base`. */
export interface Cidr {
  readonly base: number;
  readonly prefixLength: number;
}
