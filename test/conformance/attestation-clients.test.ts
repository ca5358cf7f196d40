import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import type { Opinion } from "../../src/domain/facts.ts";
import type { CosignAuthority } from "../../src/domain/trust.ts";
import type { Vouched } from "../../src/schemes/scheme.ts";
import { PREDICATES } from "../fixtures/attestations/predicates.ts";
import { ClientLayout } from "../support/client-layout.ts";
import {
  attesting,
  changed,
  outcomesOf,
  testRows,
  together,
  type Outcomes,
  type Row,
} from "../support/client-outcomes.ts";
import { isAccepted, questionsOf } from "../support/client-questions.ts";
import { ClientWorld } from "../support/client-world.ts";
import { authorityOfQuestion } from "../support/cosign-questions.ts";
import { attestAll, judgeAll, targetOf, verdictOf } from "../support/signing/judging.ts";
import { cosignSpec } from "../support/signing/authority-spec.ts";

const layout = new ClientLayout("attestations");
const root = { kind: "trusted-root", json: layout.text("keys/trusted_root.json"), from: "trusted_root.json" } as const;

type Signer = "release" | "scanner" | "rsa";
type Column = Signer | "release, log ignored";
const SIGNERS: readonly Signer[] = ["release", "scanner", "rsa"];

function authority(signer: Signer, change: Partial<CosignAuthority> = {}): CosignAuthority {
  const keys = [{ pem: layout.text(`keys/${signer}.pub`), from: `${signer}.pub` }];
  return cosignSpec({ keys, transparencyLog: { kind: "required", root }, ...change });
}

const UNLOGGED = { transparencyLog: { kind: "unsafe-ignored" } } as const;
const AUTHORITIES = {
  release: authority("release"),
  scanner: authority("scanner"),
  rsa: authority("rsa"),
  "release, log ignored": authority("release", UNLOGGED),
};

function outcomes(of: (column: Signer, logged: boolean) => string): Outcomes<Column> {
  return {
    release: [of("release", true)],
    scanner: [of("scanner", true)],
    rsa: [of("rsa", true)],
    "release, log ignored": [of("release", false)],
  };
}

/** A logged signature of this key: the log tells everybody else whose it is. */
const by = (signer: Signer): Outcomes<Column> =>
  outcomes((column) => (column === signer ? "verified" : "rejected unknown-key at signature"));
const unlogged = outcomes((column, logged) =>
  column === "release" ? (logged ? "rejected log-missing at log" : "verified") : "rejected bad-signature at signature",
);
const elsewhere = changed(by("release"), (line) => (line === "verified" ? "rejected wrong-subject at subject" : line));
/** What a bundle of an attestation is to whoever looks for image signatures. */
const NO_SIGNATURE = outcomes(() => "rejected wrong-predicate at found");

function typeOf(name: string): string {
  return PREDICATES[name]?.predicateType ?? assert.fail(`there is no predicate ${name}`);
}

const tagged = (name: string, of = by("release")): Outcomes<Column> => attesting(of, typeOf(name));
const bundled = (name: string, of = by("release")): Outcomes<Column> => together(NO_SIGNATURE, tagged(name, of));

const ROWS: readonly Row<Column>[] = [
  ...Object.keys(PREDICATES).flatMap((name): readonly Row<Column>[] => [
    [[`att/${name}`], tagged(name)],
    [[`bundle/${name}`], bundled(name)],
  ]),
  [["att/rsa"], tagged("custom", by("rsa"))],
  [["bundle/rsa"], bundled("custom", by("rsa"))],
  [["att/unlogged"], tagged("custom", unlogged)],
  [["bundle/unlogged"], bundled("custom", unlogged)],
  [["att/intoto"], tagged("provenance02")],
  [["att/by-3"], tagged("provenance1")],
  [["bundle/by-2"], bundled("provenance1")],
  [["att/two"], together(tagged("spdx"), tagged("vuln"))],
  [["bundle/two"], together(bundled("spdx"), bundled("vuln"))],
  [["att/two-keys"], together(tagged("vuln"), tagged("vuln", by("scanner")))],
  [["bundle/two-keys"], together(bundled("vuln"), bundled("vuln", by("scanner")))],
  [["att/same-type"], together(tagged("vuln"), tagged("vuln"))],
  [["bundle/same-type"], together(bundled("vuln"), bundled("vuln"))],
  [["att/signed"], together(by("release"), tagged("provenance1", by("scanner")))],
  [["bundle/signed"], together(by("release"), bundled("provenance1", by("scanner")))],
  [["att/elsewhere"], tagged("custom", elsewhere)],
  [["bundle/elsewhere"], bundled("custom", elsewhere)],
  [["both-forms"], together(tagged("spdx"), bundled("spdx"))],
  [["buildkit/classic", "buildkit/artifact"], together(by("release"), by("release"), tagged("vuln", by("scanner")))],
];

describe("attestations by real cosign clients, under each key", () => testRows(layout, AUTHORITIES, ROWS));

describe("what real cosign clients said of attestations, Assay says", () => {
  for (const question of questionsOf(layout)) {
    test(question.text, async () => {
      const found = await outcomesOf(layout.load(question.repository), authorityOfQuestion(layout, question));
      assert.equal(isAccepted(question, found, PREDICATES), question.accepted, found.join("; "));
    });
  }
});

describe("attestations by real cosign clients besides", () => {
  const asked = async (repository: string, change: Partial<CosignAuthority>): Promise<readonly string[]> => {
    const found = await outcomesOf(layout.load(repository), authority("release", change));
    return found.filter((line) => line.startsWith("attests"));
  };

  test("in both forms on one image are each found only where they are looked for", async () => {
    const one = `attests ${typeOf("spdx")}`;
    assert.deepEqual(await asked("both-forms", {}), [one, one]);
    assert.deepEqual(await asked("both-forms", { discover: ["tag"] }), [one]);
    assert.deepEqual(await asked("both-forms", { discover: ["referrers"] }), [one]);
  });

  test("name the repository that was attested", async () => {
    const signedIdentity = { kind: "exactRepository", repository: "registry.example.com/x/y" } as const;
    assert.deepEqual(await asked("att/vuln", { signedIdentity }), ["attests: rejected wrong-identity at identity"]);
    const own = `${layout.text("keys/registry.txt").trim()}/att/vuln`;
    const right = { signedIdentity: { kind: "exactRepository", repository: own } as const };
    assert.deepEqual(await asked("att/vuln", right), [`attests ${typeOf("vuln")}`]);
  });
});

describe("the statements that BuildKit put beside an image, which nobody signed by themselves", () => {
  type Index = {
    readonly manifests: readonly { readonly digest: Digest; readonly platform: { readonly os: string } }[];
  };
  for (const repository of ["buildkit/classic", "buildkit/artifact"]) {
    for (const signer of SIGNERS) {
      const signed = signer === "release";
      test(`in ${repository} ${signed ? "count" : "do not count"} by the index's signature for ${signer}`, async () => {
        const { images, digest } = layout.load(repository);
        const spec = authority(signer);
        const opinions = await judgeAll(images, targetOf(digest), spec);
        const vouched: Vouched = (about) => (about === digest ? opinions.find(isVerified) : undefined);
        const { manifests } = JSON.parse(
          String((await images.manifest(targetOf(digest).repository, digest))?.bytes),
        ) as Index;
        const leaves = manifests.filter(({ platform }) => platform.os === "linux");
        assert.equal(leaves.length, 2);
        for (const leaf of leaves) {
          const target = { ...targetOf(leaf.digest), indexes: [digest] };
          const found = await attestAll(images, target, spec, { vouched });
          const said = found.map(({ opinion }) =>
            opinion.kind === "verified" ? opinion.statement.predicateType : verdictOf(opinion),
          );
          // The scanner attested to the index, which is no signature of it.
          const none = "rejected no-signature at signature";
          assert.deepEqual(said, signed ? [typeOf("spdx"), typeOf("provenance1")] : [none, none]);
        }
      });
    }
  }
});

function isVerified(opinion: Opinion): opinion is Extract<Opinion, { kind: "verified" }> {
  return opinion.kind === "verified";
}

describe("of two attestations of one type, of which the later finds something critical", () => {
  let world: ClientWorld;
  before(async () => {
    world = await ClientWorld.start(layout);
  });
  after(async () => await world[Symbol.asyncDispose]());

  const CLEAN = `where: "!predicate.scanner.result.vulnerabilities.exists(v, v.severity == 'CRITICAL')"`;
  const DECISIONS: Readonly<Record<string, readonly [select: string, by: string, where: string, decision: string]>> = {
    "the latest decides": ["latest", "release", CLEAN, "deny"],
    "the latest is the one with the finding": [
      "latest",
      "release",
      `where: "predicate.scanner.result.vulnerabilities[0].id == 'CVE-2026-0002'"`,
      "allow",
    ],
    "any clean one suffices where any is asked for": ["any", "release", CLEAN, "allow"],
    "one unclean one spoils all": ["all", "release", CLEAN, "deny"],
    "none counts for another key": ["latest", "scanner", CLEAN, "deny"],
  };
  for (const [what, [select, signer, where, decision]] of Object.entries(DECISIONS)) {
    test(what, async () => {
      const rule = `attested: { by: ${signer}, predicateType: "${typeOf("vuln")}", ${where}, select: ${select} }`;
      for (const repository of ["att/same-type", "bundle/same-type"]) {
        const verdict = await world.verdict(repository, rule, ["release", "scanner"]);
        assert.equal(verdict.decision, decision, `${repository}: ${JSON.stringify(verdict.findings)}`);
      }
    });
  }
});

describe("each predicate that real cosign clients wrote, as a rule reads it", () => {
  let world: ClientWorld;
  before(async () => {
    world = await ClientWorld.start(layout);
  });
  after(async () => await world[Symbol.asyncDispose]());

  /** 2.5.0 writes `invocationID`, and 3.1.1 leaves out what is `false`; nothing here asks for either. */
  const CONDITIONS: Readonly<Record<string, readonly [holds: string, fails: string]>> = {
    provenance02: ["predicate.builder.id == 'https://builder.example.com/v1'", "predicate.buildType == 'x'"],
    provenance1: [
      "predicate.buildDefinition.externalParameters.ref == 'refs/heads/main'",
      "predicate.runDetails.builder.id == 'https://evil.example.com'",
    ],
    spdx: ["predicate.packages.exists(p, p.name == 'musl')", "predicate.packages.exists(p, p.name == 'bash')"],
    cyclonedx: ["predicate.components[0].version == '1.2.5'", "predicate.components.size() == 0"],
    vuln: [
      "predicate.scanner.result.vulnerabilities.all(v, v.severity == 'LOW')",
      "predicate.scanner.result.vulnerabilities.size() == 0",
    ],
    openvex: ["predicate.statements[0].status == 'not_affected'", "predicate.statements[0].status == 'affected'"],
    custom: ["predicate.passed && predicate.unicode == 'Grüße ✓'", "predicate.level > 3.0"],
  };
  for (const name of Object.keys(PREDICATES)) {
    for (const form of ["att", "bundle"]) {
      test(`${form}/${name}`, async () => {
        const [holds, fails] = CONDITIONS[name] ?? assert.fail(`no condition for ${name}`);
        for (const [where, decision] of [
          [holds, "allow"],
          [fails, "deny"],
        ] as const) {
          const rule = `attested: { by: release, predicateType: "${typeOf(name)}", where: "${where}" }`;
          const verdict = await world.verdict(`${form}/${name}`, rule, ["release"]);
          assert.equal(verdict.decision, decision, JSON.stringify(verdict.findings));
        }
      });
    }
  }
});
