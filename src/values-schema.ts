/** The checks of what options take. Apart from values.ts, which the command line reads before zod is loaded. */

import { z } from "zod";
import type { Bounds, OptionDeclaration, Values } from "./values.js";

const integer = ([least, most]: Bounds) => z.int().min(least).max(most);
const names = z.array(z.string().min(1)).min(1);
const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(["Exists", "Equal"]),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
});

/** The check of one value. */
export function schemaOf(values: Values): z.ZodType {
  switch (values.kind) {
    case "text":
      return values.pattern === undefined
        ? z.string().min(1, "give a text that is not empty")
        : z.string().regex(values.pattern, `give ${values.accepted}`);
    case "path":
      return z.string().min(1);
    case "flag":
      return z.boolean();
    case "names":
      return names;
    case "names or all":
      return z.union([z.literal("all"), names]);
    case "choice":
      return z.literal([...values.choices]);
    case "choices":
      return z.array(z.enum([...values.choices])).min(1);
    case "integer":
    case "seconds":
      return integer(values.bounds);
    case "integers":
      return z.array(integer(values.bounds)).min(1);
    case "range":
      return z
        .object({ least: integer(values.bounds), most: integer(values.bounds) })
        .refine(({ least, most }) => least <= most, "least must not be more than most");
    case "number":
      return z.number().min(values.bounds[0]).max(values.bounds[1]);
    case "share of a plane":
      return z.object({ plane: z.string(), share: z.number().min(0).max(1) });
    case "labels":
      return z.record(z.string(), z.string());
    case "taints":
      return z.array(toleration);
  }
}

/** The checks of options by field, each of which may be absent. */
export function fieldsOf(options: Readonly<Record<string, OptionDeclaration>>): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(options).map(([field, { takes }]) => [field, schemaOf(takes).exactOptional()]),
  );
}
