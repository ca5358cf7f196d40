import { z } from "zod";

import type { SignedIdentity } from "../domain/trust.ts";
import { struct, text } from "./schema.ts";

const byName = z
  .enum(["matchExact", "matchRepoDigestOrExact", "matchRepository"])
  .transform((kind): SignedIdentity => ({ kind }));

const withHost = text.regex(/^[^\s/]*[.:][^\s/]*(?:\/[^\s]+)?$|^localhost(?:\/[^\s]+)?$/, {
  error: "names no host: write the registry too, such as docker.io/library/nginx",
});
const repository = withHost.regex(/^[^@]+\/[^:@]+$/, { error: "is not a repository: leave out the tag and digest" });
// A prefix that ends inside a name would also cover names that only begin alike (containers-policy.json(5)).
const prefix = withHost.regex(/[^/]$/, { error: "ends in a slash: leave it out, prefixes end at a / by themselves" });

const exactReference = struct({
  type: z.literal("exactReference"),
  reference: withHost.regex(/\/.*[:@]/, { error: "has neither a tag nor a digest: use exactRepository for any tag" }),
}).transform(({ reference }): SignedIdentity => ({ kind: "exactReference", reference }));

const exactRepository = struct({ type: z.literal("exactRepository"), repository }).transform(
  ({ repository }): SignedIdentity => ({ kind: "exactRepository", repository }),
);

const remapIdentity = struct({ type: z.literal("remapIdentity"), prefix, signedPrefix: prefix }).transform(
  ({ prefix, signedPrefix }): SignedIdentity => ({ kind: "remapIdentity", prefix, signedPrefix }),
);

const plain = struct({ type: z.enum(["matchExact", "matchRepoDigestOrExact", "matchRepository"]) }).transform(
  ({ type }): SignedIdentity => ({ kind: type }),
);

/** Which name the signature must carry: a kind by name, or one with its parameters (containers-policy.json(5)). */
export const signedIdentity: z.ZodType<SignedIdentity> = z.union([
  byName,
  z.discriminatedUnion("type", [plain, exactReference, exactRepository, remapIdentity]),
]);
