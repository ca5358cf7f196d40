import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { KeylessAuthority } from "../../src/domain/trust.ts";
import { PREDICATES } from "../fixtures/attestations/predicates.ts";
import { BRANCH_BUILD, BUILD, EMAIL } from "../fixtures/keyless/identities.ts";
import { ClientLayout } from "../support/client-layout.ts";
import { attesting, outcomesOf, testRows, together, type Outcomes, type Row } from "../support/client-outcomes.ts";
import { isAccepted, questionsOf } from "../support/client-questions.ts";
import { authorityOfQuestion } from "../support/cosign-questions.ts";
import { cosignSpec, keylessSpec } from "../support/signing/authority-spec.ts";

const layout = new ClientLayout("keyless");
const root = { kind: "trusted-root", json: layout.text("keys/trusted_root.json"), from: "trusted_root.json" } as const;

type Who = "email" | "build" | "branch";
const WHO = {
  email: [EMAIL.iss, EMAIL.email],
  build: [BUILD.iss, `https://github.com/${BUILD.job_workflow_ref}`],
  branch: [BRANCH_BUILD.iss, `https://github.com/${BRANCH_BUILD.job_workflow_ref}`],
} as const;

function keyless(who: Who, change: Partial<KeylessAuthority> = {}): KeylessAuthority {
  const [issuer, subject] = WHO[who];
  const identity = { issuer: { kind: "exact", text: issuer }, subject: { kind: "exact", text: subject } } as const;
  return keylessSpec({ identities: [identity], root, ...change });
}

const key = cosignSpec({
  keys: [{ pem: layout.text("keys/key.pub"), from: "key.pub" }],
  transparencyLog: { kind: "required", root },
});

const certificate = (name: string) => ({ pem: layout.text(`keys/${name}.pem`), from: `${name}.pem` });
/** A trusted root's logs and timestamps with certificates of one's own PKI, which asks for no certificate log. */
const OWN = {
  certificateAuthority: { roots: [certificate("root")], intermediates: [certificate("intermediate")] },
  sct: "unsafe-ignored",
} as const;
const UNLOGGED = { transparencyLog: "unsafe-ignored" } as const;
const UNPUBLISHED = { sct: "unsafe-ignored" } as const;

const AUTHORITIES = {
  email: keyless("email"),
  build: keyless("build"),
  branch: keyless("branch"),
  key,
  "build, log ignored": keyless("build", UNLOGGED),
  "build, SCT ignored": keyless("build", UNPUBLISHED),
  "build, log and SCT ignored": keyless("build", { ...UNLOGGED, ...UNPUBLISHED }),
  "build of one's own PKI": keyless("build", OWN),
  "build of one's own PKI, log ignored": keyless("build", { ...OWN, ...UNLOGGED }),
  "email, SCT ignored": keyless("email", UNPUBLISHED),
} as const;
type Column = keyof typeof AUTHORITIES;

const VERIFIED = "verified";
const UNKNOWN_KEY = "rejected unknown-key at signature";
const NO_CERTIFICATE = "rejected no-certificate at signature";
const WRONG_SIGNER = "rejected wrong-signer at identity";
const WRONG_SUBJECT = "rejected wrong-subject at subject";
const NO_TIME = "rejected no-verified-time at timestamp";
const NO_LOG = "rejected log-missing at log";
const NO_SCT = "rejected sct-missing at chain";

/** One answer for whoever trusts certificates; a key is a stranger's to all of them. */
function all(line: string, change: Partial<Record<Column, string>> = {}): Outcomes<Column> {
  const lines = { key: UNKNOWN_KEY, ...change };
  const columns = Object.keys(AUTHORITIES) as Column[];
  return Object.fromEntries(columns.map((column) => [column, [lines[column] ?? line]])) as unknown as Outcomes<Column>;
}

/** A signature that is as it should be. Ten minutes are over: without the log only a timestamp shows that it was in time. */
function by(who: Who, stamped: "logged" | "logged and timestamped" = "logged"): Outcomes<Column> {
  const build = who === "build" ? VERIFIED : WRONG_SIGNER;
  const noTime = (late: string): string => (who !== "build" || stamped !== "logged" ? build : late);
  return all(WRONG_SIGNER, {
    email: who === "email" ? VERIFIED : WRONG_SIGNER,
    "email, SCT ignored": who === "email" ? VERIFIED : WRONG_SIGNER,
    build,
    branch: who === "branch" ? VERIFIED : WRONG_SIGNER,
    "build, log ignored": noTime(NO_TIME),
    "build, SCT ignored": build,
    "build, log and SCT ignored": noTime(NO_TIME),
    "build of one's own PKI": build,
    "build of one's own PKI, log ignored": noTime("over"),
  });
}

/** A signature of `build` that no log has; a timestamp, if there is one, shows when it was made. */
const unlogged = (withoutLog: string, own: string): Outcomes<Column> =>
  all(NO_LOG, {
    "build, log ignored": withoutLog,
    "build, log and SCT ignored": withoutLog,
    "build of one's own PKI, log ignored": own,
  });

const unpublished = (line: string): Outcomes<Column> =>
  all(line, {
    "build, SCT ignored": VERIFIED,
    "build, log and SCT ignored": NO_TIME,
    "build of one's own PKI": VERIFIED,
    "build of one's own PKI, log ignored": "over",
    "email, SCT ignored": WRONG_SIGNER,
  });

/** `build` with a long-lived certificate of no log; without a proved time it counts in one's own PKI alone. */
function longLived(withoutLog: string, change: Partial<Record<Column, string>> = {}): Outcomes<Column> {
  return all(NO_SCT, {
    "build, SCT ignored": VERIFIED,
    "build, log and SCT ignored": withoutLog,
    "build of one's own PKI": VERIFIED,
    "build of one's own PKI, log ignored": VERIFIED,
    "email, SCT ignored": WRONG_SIGNER,
    ...change,
  });
}

/** The certificate of another name. */
const another = (email: string): Outcomes<Column> =>
  all(WRONG_SIGNER, {
    email: NO_SCT,
    build: NO_SCT,
    branch: NO_SCT,
    "build, log ignored": NO_SCT,
    "email, SCT ignored": email,
  });

const elsewhere = all(WRONG_SIGNER, {
  build: WRONG_SUBJECT,
  "build, log ignored": NO_TIME,
  "build, SCT ignored": WRONG_SUBJECT,
  "build, log and SCT ignored": NO_TIME,
  "build of one's own PKI": WRONG_SUBJECT,
  "build of one's own PKI, log ignored": WRONG_SUBJECT,
});

const otherLog = all("rejected log-untrusted at log", {
  "build, log ignored": NO_TIME,
  "build, log and SCT ignored": NO_TIME,
  "build of one's own PKI, log ignored": "over",
});

const stamped = by("build", "logged and timestamped");
const keyed = all(NO_CERTIFICATE, { key: VERIFIED });
const NO_SIGNATURE = all("rejected wrong-predicate at found", { key: "rejected wrong-predicate at found" });
const PROVENANCE = PREDICATES["provenance1"]?.predicateType ?? "";
const provenance = attesting(by("build"), PROVENANCE);
const stampedProvenance = attesting(stamped, PROVENANCE);
const scan = attesting(by("email", "logged and timestamped"), PREDICATES["vuln"]?.predicateType ?? "");

const ROWS: readonly Row<Column>[] = [
  [["keyless/email", "bundle/email"], by("email")],
  [["keyless/build", "keyless/by-3", "bundle/build", "referrer/build"], by("build")],
  [["keyless/branch", "bundle/branch"], by("branch")],
  [["keyless/timestamped", "keyless/timestamped-by-3", "bundle/timestamped", "bundle/tiles"], stamped],
  [["keyless/timestamp-only", "bundle/timestamp-only"], unlogged(VERIFIED, VERIFIED)],
  [["keyless/unproved", "bundle/unproved"], unlogged(NO_TIME, "over")],
  [["keyless/other-timestamps", "bundle/other-timestamps"], unlogged(NO_TIME, "over")],
  [["keyless/two-identities", "bundle/two-identities"], together(by("email"), by("build"))],
  [["keyless/attested"], provenance],
  [["keyless/attested-by-3"], stampedProvenance],
  [["bundle/attested", "bundle/attested-by-2"], together(NO_SIGNATURE, provenance)],
  [["bundle/tiles-attested"], together(NO_SIGNATURE, stampedProvenance)],
  [["keyless/signed-and-attested"], together(by("build"), provenance, scan)],
  [["bundle/signed-and-attested"], together(by("build"), NO_SIGNATURE, NO_SIGNATURE, provenance, scan)],
  [["keyless/without-sct", "bundle/without-sct"], unpublished(NO_SCT)],
  [["keyless/other-ct-log", "bundle/other-ct-log"], unpublished("rejected sct-invalid at chain")],
  [["keyless/other-authority", "bundle/other-authority"], all("rejected certificate-untrusted at chain")],
  [["keyless/other-log", "bundle/other-log"], otherLog],
  [["keyless/elsewhere", "bundle/elsewhere"], elsewhere],
  [["referrer/key", "bundle/key-tiles"], keyed],
  [["certificate/uri", "certificate/rsa", "certificate/without-chain"], longLived(NO_TIME)],
  [
    ["certificate/timestamped", "bundle/certificate-uri", "bundle/certificate-rsa", "bundle/certificate-short"],
    longLived(VERIFIED),
  ],
  [["certificate/short"], longLived(NO_TIME, { "build of one's own PKI, log ignored": "over" })],
  [["certificate/email"], another(VERIFIED)],
  [["bundle/certificate-email"], another(VERIFIED)],
  [["certificate/plain", "bundle/certificate-plain"], another(WRONG_SIGNER)],
  [["certificate/sct"], { ...by("build"), "build of one's own PKI, log ignored": [VERIFIED] }],
  [["bundle/certificate-sct"], stamped],
  [
    ["certificate/expired"],
    longLived(NO_TIME, {
      ...expiredIn("email", "build", "branch", "build, SCT ignored", "build of one's own PKI", "email, SCT ignored"),
      "build of one's own PKI, log ignored": "over",
    }),
  ],
  [
    ["certificate/timestamp-only"],
    longLived(VERIFIED, {
      "build, SCT ignored": NO_LOG,
      "build of one's own PKI": NO_LOG,
      "email, SCT ignored": NO_LOG,
    }),
  ],
  [
    ["certificate/unproved"],
    longLived(NO_TIME, {
      "build, SCT ignored": NO_LOG,
      "build of one's own PKI": NO_LOG,
      "email, SCT ignored": NO_LOG,
    }),
  ],
  [["certificate/attested"], attesting(longLived(NO_TIME), PROVENANCE)],
  [["bundle/certificate-attested"], together(NO_SIGNATURE, attesting(longLived(VERIFIED), PROVENANCE))],
];

function expiredIn(...columns: readonly Column[]): Partial<Record<Column, string>> {
  return Object.fromEntries(columns.map((column) => [column, "rejected certificate-expired at chain"]));
}

describe("certificate signatures by real cosign clients, under each authority", () =>
  testRows(layout, AUTHORITIES, ROWS));

/** Where Assay answers otherwise on purpose: the repositories, what to look for in the question, and why. */
const OTHERWISE: readonly (readonly [repositories: readonly string[], option: string, why: string])[] = [
  [
    ["certificate/plain", "bundle/certificate-plain"],
    "--certificate-oidc-issuer-regexp",
    "is stricter: where an issuer is asked for, by whatever pattern, a certificate that names none is nobody's",
  ],
  [
    ["certificate/unproved"],
    "--insecure-ignore-tlog",
    "is stricter: by a trusted root's certificate nothing counts without a proved time, by one's own PKI it does",
  ],
  [
    ["keyless/attested-by-3"],
    "--use-signed-timestamps",
    "accepts 3.1.1's timestamp over an envelope's signature, which both clients refuse: it proves when that was there",
  ],
];

describe("what real cosign clients said of certificate signatures", () => {
  let otherwise = 0;
  for (const question of questionsOf(layout)) {
    const { accepted, repository, options } = question;
    const [, , why] =
      OTHERWISE.find(([repositories, option]) => repositories.includes(repository) && options.has(option)) ?? [];
    if (why !== undefined) otherwise += 1;
    test(`${why === undefined ? "Assay says too" : `Assay ${why}`}: ${question.text}`, async () => {
      const found = await outcomesOf(layout.load(repository), authorityOfQuestion(layout, question));
      assert.equal(isAccepted(question, found, PREDICATES), accepted === (why === undefined), found.join("; "));
    });
  }
  test("Assay answers otherwise five times", () => assert.equal(otherwise, 5));
});

describe("what certificates say besides", () => {
  const asked = async (repository: string, who: Who, change: Partial<KeylessAuthority>): Promise<string> =>
    (await outcomesOf(layout.load(repository), keyless(who, change))).join("; ");

  for (const form of ["keyless", "bundle"]) {
    test(`${form}/email has the annotation that it was signed with, and no other`, async () => {
      assert.equal(await asked(`${form}/email`, "email", { annotations: { env: "prod" } }), VERIFIED);
      const wrong = await asked(`${form}/email`, "email", { annotations: { env: "test" } });
      assert.equal(wrong, "rejected annotation-mismatch at predicate");
    });

    test(`${form}/build has the extensions of its build, and no others`, async () => {
      const extensions = {
        issuer: BUILD.iss,
        githubWorkflowTrigger: BUILD.event_name,
        githubWorkflowSHA: BUILD.sha,
        githubWorkflowName: BUILD.workflow,
        githubWorkflowRepository: BUILD.repository,
        githubWorkflowRef: BUILD.ref,
        sourceRepositoryURI: `https://github.com/${BUILD.repository}`,
        sourceRepositoryRef: BUILD.ref,
        sourceRepositoryDigest: BUILD.sha,
        runnerEnvironment: BUILD.runner_environment,
      };
      assert.equal(await asked(`${form}/build`, "build", { extensions }), VERIFIED);
      for (const name of Object.keys(extensions)) {
        const wrong = await asked(`${form}/build`, "build", { extensions: { ...extensions, [name]: "other" } });
        assert.equal(wrong, "rejected extension-mismatch at identity", name);
      }
    });

    test(`${form}/timestamped counts where a timestamp is required, and ${form}/build does not`, async () => {
      assert.equal(await asked(`${form}/timestamped`, "build", { timestamp: "required" }), VERIFIED);
      const without = await asked(`${form}/build`, "build", { timestamp: "required" });
      assert.equal(without, "rejected timestamp-missing at timestamp");
    });
  }

  test("an attestation's timestamp may be over the envelope, as 2.5 takes it, or its signature, as 3.1 does", async () => {
    const required = { timestamp: "required" } as const;
    const scanned = await asked("keyless/signed-and-attested", "email", required);
    assert.ok(scanned.split("; ").includes(`attests ${PREDICATES["vuln"]?.predicateType}`), scanned);
    assert.equal(await asked("keyless/attested-by-3", "build", required), `attests ${PROVENANCE}`);
    assert.equal(
      await asked("keyless/attested", "build", required),
      "attests: rejected timestamp-missing at timestamp",
    );
  });

  for (const repository of ["certificate/plain", "bundle/certificate-plain"]) {
    test(`${repository} counts in one's own PKI for whoever asks for no issuer`, async () => {
      const identities = [{ issuer: undefined, subject: { kind: "exact", text: EMAIL.email } as const }];
      assert.equal(await asked(repository, "email", { ...OWN, identities }), VERIFIED);
    });
  }

  test("each form is found only where it is looked for", async () => {
    for (const [repository, place] of [
      ["keyless/build", "tag"],
      ["referrer/build", "referrers"],
      ["bundle/build", "referrers"],
    ] as const) {
      const other = place === "tag" ? "referrers" : "tag";
      assert.equal(await asked(repository, "build", { discover: [place] }), VERIFIED);
      assert.equal(await asked(repository, "build", { discover: [other] }), "");
    }
  });

  const strangers = { kind: "trusted-root", json: layout.text("keys/strangers_root.json"), from: "strangers" } as const;
  for (const form of ["keyless", "bundle"]) {
    test(`${form}: what another authority, log or certificate log made counts for those who trust it`, async () => {
      for (const name of ["other-authority", "other-log", "other-ct-log"]) {
        assert.equal(await asked(`${form}/${name}`, "build", { root: strangers }), VERIFIED, name);
      }
    });
  }
});
