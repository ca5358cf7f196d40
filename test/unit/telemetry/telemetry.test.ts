import assert from "node:assert/strict";
import { test } from "node:test";

import type { FindingReason, Outcome, Verdict } from "../../../src/domain/verdict.ts";
import { createTelemetry } from "../../../src/telemetry/telemetry.ts";
import { LogLines } from "../../support/api-server.ts";
import { sampleVerdict } from "../../support/fake-assay.ts";

function started(level = "info") {
  const logs = new LogLines();
  return { logs, telemetry: createTelemetry({ level, stream: logs }) };
}

function withFinding(outcome: Outcome, reason: FindingReason): Verdict {
  const verdict = sampleVerdict("registry.example.com/canary/web:1", "deny");
  return { ...verdict, findings: verdict.findings.map((finding) => ({ ...finding, outcome, reason })) };
}

test("tells unsigned, wrongly signed and could not tell apart in line and counter", async () => {
  const { telemetry, logs } = started();
  telemetry.events.verdictDecided(withFinding("violated", "unsigned"), 12);
  telemetry.events.verdictDecided(withFinding("violated", "wrongly-signed"), 12);
  telemetry.events.verdictDecided(withFinding("undetermined", "gap"), 12);
  assert.deepEqual(
    logs.lines.map((line) => [line["msg"], line["decision"], line["why"]]),
    ["unsigned", "wrongly-signed", "gap"].map((why) => ["verdict decided", "deny", why]),
  );
  const { text } = await telemetry.metrics.render();
  assert.match(text, /^assay_verdicts_total\{decision="deny"\} 3$/m);
  assert.match(text, /^assay_findings_total\{outcome="violated",reason="unsigned"\} 1$/m);
  assert.match(text, /^assay_findings_total\{outcome="violated",reason="wrongly-signed"\} 1$/m);
  assert.match(text, /^assay_findings_total\{outcome="undetermined",reason="gap"\} 1$/m);
  assert.match(text, /^assay_undetermined_total 1$/m);
  assert.doesNotMatch(text, /canary|sha256/);
});

test("counts what authorities on trial would have decided apart from what rules did", async () => {
  const { telemetry, logs } = started();
  const verdict = withFinding("violated", "unsigned");
  const tried = (enforcement: "warn" | "audit", outcome: Outcome) => ({
    ...verdict,
    findings: verdict.findings.map((finding) => ({ ...finding, authority: "canary-key", enforcement, outcome })),
  });
  telemetry.events.verdictDecided(tried("warn", "satisfied"), 12);
  telemetry.events.verdictDecided(tried("audit", "violated"), 12);
  telemetry.events.verdictDecided(tried("audit", "violated"), 12);
  assert.deepEqual(
    logs.lines.map((line) => line["why"]),
    ["", "canary-key:unsigned", "canary-key:unsigned"],
  );
  const { text } = await telemetry.metrics.render();
  assert.match(text, /^assay_authority_trials_total\{enforcement="warn",outcome="satisfied"\} 1$/m);
  assert.match(text, /^assay_authority_trials_total\{enforcement="audit",outcome="violated"\} 2$/m);
  assert.doesNotMatch(text, /^assay_findings_total\{/m);
  assert.doesNotMatch(text, /canary|sha256/);
});

test("writes one line for each event, and counts it", async () => {
  const { telemetry, logs } = started();
  const { events } = telemetry;
  events.gapSeen({ code: "timeout", what: "registry.example.com", detail: "no answer" });
  events.recordRefused({ space: "verdict", why: "seal" });
  events.policyReloaded({
    authorities: [],
    policies: [],
    warnings: [{ message: "odd", at: { file: "p.yaml", line: 3, column: 1 } }],
  });
  events.policyRefused("p.yaml:1:1: unknown key");
  events.trustRootRefreshed({ from: "public-good", expires: "2030-01-01T00:00:00.000Z" });
  events.trustRootRefused({ from: "root.json", detail: "nobody there" });
  events.basesFollowed({ from: "registry.example.com/base", tags: 3, failed: 0, detail: undefined });
  events.basesFollowed({ from: "registry.example.com/base", tags: 3, failed: 1, detail: "not there" });
  events.basesRefused({ from: "registry.example.com/**", detail: "no list" });
  assert.deepEqual(
    logs.lines.map((line) => [line["level"], line["msg"]]),
    [
      ["warn", "could not look"],
      ["warn", "stored record not believed"],
      ["info", "policies in force"],
      ["warn", "policy warning"],
      ["warn", "changed policies refused, the former stay in force"],
      ["info", "trust root read"],
      ["warn", "trust root refused"],
      ["info", "base images followed"],
      ["info", "base images followed"],
      ["warn", "base images not followed"],
      ["warn", "base images not followed"],
    ],
  );
  const { text } = await telemetry.metrics.render();
  for (const counter of [
    /^assay_gaps_total\{code="timeout"\} 1$/m,
    /^assay_records_refused_total\{space="verdict",why="seal"\} 1$/m,
    /^assay_policy_reload_total\{result="accepted"\} 1$/m,
    /^assay_policy_reload_total\{result="refused"\} 1$/m,
    /^assay_trust_root_refresh_total\{result="read"\} 1$/m,
    /^assay_trust_root_refresh_total\{result="refused"\} 1$/m,
  ])
    assert.match(text, counter);
});

test("writes only the fields it has names for, however they came", () => {
  const { telemetry, logs } = started();
  const fields = { image: "a/b", authorization: "Bearer canary", body: { token: "canary" } };
  telemetry.log.info("something", fields);
  assert.doesNotMatch(logs.text, /canary/);
  assert.equal(logs.lines[0]?.["image"], "a/b");
});

test("writes of an error its name, message and stack, and nothing it carries", () => {
  const { telemetry, logs } = started();
  telemetry.log.error("failed", Object.assign(new Error("why"), { headers: { authorization: "canary" } }));
  telemetry.log.error("failed", { secret: "canary" });
  assert.doesNotMatch(logs.text, /canary/);
  assert.equal(logs.lines[0]?.["error"], "Error: why");
  assert.match(String(logs.lines[0]?.["stack"]), /telemetry\.test\.ts/);
});

test("keeps a line one line, whatever a field holds, and bounds it", () => {
  const { telemetry, logs } = started();
  telemetry.log.warn("odd", { image: `a\n{"level":"info","msg":"forged"}\u001b[2J${"x".repeat(9999)}` });
  assert.equal(logs.text.trimEnd().split("\n").length, 1);
  assert.ok(logs.text.length < 1000);
});

test("is silent below its level, and refuses a level it does not know", () => {
  const { telemetry, logs } = started("warn");
  telemetry.log.info("quiet");
  telemetry.log.debug("quiet");
  assert.equal(logs.text, "");
  assert.throws(() => createTelemetry({ level: "loud" }), {
    name: "InputError",
    code: "configuration",
    message: /ASSAY_LOG_LEVEL/,
  });
});

test("shows the queue's depth at each scrape, and the last known while the queue is away", async () => {
  const { telemetry } = started();
  let isAway = false;
  telemetry.metrics.watchQueue(() =>
    isAway
      ? Promise.reject(new Error("away"))
      : Promise.resolve({ waiting: 7, active: 1, delayed: 0, done: 3, failed: 0 }),
  );
  assert.match((await telemetry.metrics.render()).text, /^assay_queue_jobs\{state="waiting"\} 7$/m);
  isAway = true;
  assert.match((await telemetry.metrics.render()).text, /^assay_queue_jobs\{state="waiting"\} 7$/m);
});

test("counts registry requests by kind and outcome", async () => {
  const { telemetry } = started();
  telemetry.metrics.registryRequest("manifest", "ok", 0.01);
  telemetry.metrics.registryRequest("manifest", "unreachable", 0.5);
  telemetry.metrics.jobFinished("retry", 1);
  const { text } = await telemetry.metrics.render();
  assert.match(text, /^assay_registry_requests_total\{kind="manifest",outcome="unreachable"\} 1$/m);
  assert.match(text, /^assay_registry_request_duration_seconds_count\{kind="manifest"\} 2$/m);
  assert.match(text, /^assay_jobs_finished_total\{outcome="retry"\} 1$/m);
});
