/** What options take: data from which a specification's check (values-schema.ts), its type and the command line's texts follow. */

/** The least and the most of a number. */
export type Bounds = readonly [least: number, most: number];

/** What an option takes. */
export type Values =
  | { readonly kind: "path" | "names" | "names or all" | "share of a plane" | "flag" | "labels" | "taints" }
  /** `pattern`: what it must match, `accepted` in words that fit after "give"; absent: any text. */
  | { readonly kind: "text"; readonly pattern?: RegExp; readonly accepted?: string }
  | { readonly kind: "choice"; readonly choices: readonly (string | number)[] }
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  | { readonly kind: "integer" | "integers" | "range" | "seconds"; readonly bounds: Bounds }
  | { readonly kind: "number"; readonly bounds: Bounds; readonly accepted: string };

/** Values of the kinds that take nothing else. */
interface Kinds {
  text: string;
  path: string;
  flag: boolean;
  integer: number;
  seconds: number;
  number: number;
  names: string[];
  "names or all": string[] | "all";
  integers: number[];
  range: { least: number; most: number };
  "share of a plane": { plane: string; share: number };
  labels: Record<string, string>;
  taints: Toleration[];
}

/** The type of what an option takes. */
export type ValueOf<V extends Values> = V extends {
  readonly kind: "choice";
  readonly choices: readonly (infer C)[];
}
  ? C
  : V extends { readonly kind: "choices"; readonly choices: readonly (infer C)[] }
    ? C[]
    : V extends { readonly kind: infer K extends keyof Kinds }
      ? Kinds[K]
      : never;

/** The fields of a specification that are options, each of which may be absent. */
export type SettingsOf<O extends Readonly<Record<string, OptionDeclaration>>> = {
  -readonly [K in keyof O]?: ValueOf<O[K]["takes"]>;
};

/** An option of a run. */
export interface OptionDeclaration {
  readonly takes: Values;
  /** One line of help; absent: help does not show it. */
  readonly describe?: string;
  /** What help names as its default. */
  readonly defaultText?: string;
  /** Whether it may be given for a run that is resumed, because it changes no plan. */
  readonly resumable?: true;
}

/** A toleration as a pod has it. */
export interface Toleration {
  key?: string | undefined;
  operator: "Exists" | "Equal";
  value?: string | undefined;
  effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute" | undefined;
}
