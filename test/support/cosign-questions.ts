import type { CosignAuthority, KeylessAuthority, KeylessIdentity, TextMatch } from "../../src/domain/trust.ts";
import type { ClientLayout } from "./client-layout.ts";
import type { ClientQuestion } from "./client-questions.ts";

type Shared = Pick<CosignAuthority, "discover" | "timestamp" | "annotations" | "signedIdentity">;

/**
 * What cosign was told to trust, as an authority of Assay's. 2.5.0 looks under tags and 3.1.1 among referrers, unless an
 * option says otherwise; timestamps count for both only where they are told to use them.
 */
export function authorityOfQuestion(
  layout: ClientLayout,
  { client, options }: ClientQuestion,
): CosignAuthority | KeylessAuthority {
  const isNew = client.endsWith("cosign-3.1.1");
  const stamps = options.has("--use-signed-timestamps");
  const referred = options.has("--experimental-oci11") || options.has("--new-bundle-format");
  const tagged = options.has("--new-bundle-format=false") || (!isNew && !referred);
  const shared: Shared = {
    discover: [tagged ? "tag" : "referrers"],
    timestamp: stamps && !tagged ? "required" : "optional",
    annotations: Object.fromEntries((options.get("-a") ?? []).map((pair) => pair.split("="))) as Record<string, string>,
    signedIdentity: undefined,
  };
  const [file = "keys/trusted_root.json"] = options.get("--trusted-root") ?? [];
  const root = { kind: "trusted-root", json: rootJson(layout.text(file), stamps), from: file } as const;
  const ignored = options.has("--insecure-ignore-tlog");
  const [key] = options.get("--key") ?? [];
  if (key !== undefined) {
    const transparencyLog = ignored ? ({ kind: "unsafe-ignored" } as const) : ({ kind: "required", root } as const);
    return { ...shared, kind: "cosign", keys: [{ pem: layout.text(key), from: key }], transparencyLog };
  }
  return {
    ...shared,
    kind: "keyless",
    identities: [identityOf(options)],
    root,
    certificateAuthority: ownAuthority(layout, options),
    transparencyLog: ignored ? "unsafe-ignored" : "required",
    sct: options.has("--insecure-ignore-sct") ? "unsafe-ignored" : "required",
    extensions: extensionsOf(options),
  };
}

function rootJson(json: string, stamps: boolean): string {
  return stamps ? json : JSON.stringify({ ...(JSON.parse(json) as object), timestampAuthorities: [] });
}

type Options = ClientQuestion["options"];

function identityOf(options: Options): KeylessIdentity {
  const subject = matchOf(options, "--certificate-identity");
  if (subject === undefined) throw new Error("the question names no identity");
  return { issuer: matchOf(options, "--certificate-oidc-issuer"), subject };
}

function matchOf(options: Options, name: string): TextMatch | undefined {
  const [text] = options.get(name) ?? [];
  if (text !== undefined) return { kind: "exact", text };
  const [pattern] = options.get(`${name}-regexp`) ?? [];
  return pattern === undefined ? undefined : { kind: "re2", pattern };
}

function extensionsOf(options: Options): Readonly<Record<string, string>> {
  const [repository] = options.get("--certificate-github-workflow-repository") ?? [];
  return repository === undefined ? {} : { githubWorkflowRepository: repository };
}

function ownAuthority(layout: ClientLayout, options: Options): KeylessAuthority["certificateAuthority"] {
  const files = (name: string): readonly { readonly pem: string; readonly from: string }[] =>
    (options.get(name) ?? []).map((from) => ({ pem: layout.text(from), from }));
  if (!options.has("--ca-roots")) return undefined;
  return { roots: files("--ca-roots"), intermediates: files("--ca-intermediates") };
}
