import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { parse } from "yaml";

import { loadPolicies } from "../../src/adapters/files/policy-files.ts";
import { parseConfig } from "../../src/config.ts";

const ROOT = resolve(import.meta.dirname, "../..");

type Service = {
  readonly image: string;
  readonly build?: { readonly dockerfile: string };
  readonly user?: string;
  readonly command?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, object>>;
};

const COMPOSE = parse(readFileSync(join(ROOT, "docker-compose.yml"), "utf8"), { merge: true }) as Compose;

test("every service of the composition is read-only, without capabilities, and published on loopback alone", () => {
  assert.deepEqual(Object.keys(COMPOSE.services).sort(), ["api", "redis", "registry", "worker"]);
  for (const [name, service] of Object.entries(COMPOSE.services)) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.cap_drop, ["ALL"], name);
    assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
    for (const secret of service.secrets ?? []) assert.ok(COMPOSE.secrets[secret], `${name} mounts ${secret}`);
  }
});

test("api and workers run the program as an unprivileged user with settings it knows", () => {
  const { api, worker } = COMPOSE.services;
  assert.deepEqual(api?.command, ["serve", "--api-only"]);
  assert.deepEqual(worker?.command, ["worker"]);
  for (const service of [api, worker]) {
    assert.match(service?.user ?? "", /^[1-9]\d+:[1-9]\d+$/);
    assert.ok(existsSync(join(ROOT, service?.build?.dockerfile ?? "missing")));
    const { REDIS_URL_FILE, ...env } = service?.environment ?? {};
    assert.equal(REDIS_URL_FILE, "/run/secrets/redis-url");
    const config = parseConfig(env);
    assert.equal(config.listen.host, "0.0.0.0");
    assert.equal(config.tokensFile, "/run/secrets/tokens");
    assert.equal(config.sealKeysFile, "/run/secrets/seal-keys");
    const known = readFileSync(join(ROOT, "src/config.ts"), "utf8");
    for (const name of Object.keys(env)) assert.ok(known.includes(`"${name}"`), `${name} is a setting`);
  }
});

test("redis never drops an accepted job and asks for a password", () => {
  const command = COMPOSE.services["redis"]?.command?.join(" ") ?? "";
  for (const option of ["--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction", "--requirepass"]) {
    assert.ok(command.includes(option), option);
  }
});

test("the container image ends in a distroless stage, as nobody, with the sources the entry point needs", () => {
  const lines = readFileSync(join(ROOT, "deploy/container/Dockerfile"), "utf8").split("\n");
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
  assert.ok(lines.some((line) => /^ARG BASE_IMAGE=gcr\.io\/distroless\/\S+:nonroot$/.test(line)));
  assert.equal(last[0], "FROM ${BASE_IMAGE}");
  assert.ok(last.includes("USER 65532:65532"));
  assert.ok(!last.some((line) => line.startsWith("RUN ")), "a distroless stage has nothing to run");
  const copied = lines.flatMap((line) => /^COPY (?!--from)(.+) \S+$/.exec(line)?.[1]?.split(" ") ?? []);
  for (const path of copied) assert.ok(existsSync(join(ROOT, path)), path);
  assert.ok(copied.includes("src") && copied.includes("workers"));
  const ignored = readFileSync(join(ROOT, "deploy/container/Dockerfile.dockerignore"), "utf8").split("\n");
  for (const path of copied) assert.ok(ignored.includes(`!${path}`), `${path} is sent to the builder`);
});

test("the policy to start from parses once its key is there", () => {
  const { parse } = loadPolicies([join(ROOT, "deploy/policy")]);
  assert.equal(parse.kind, "refused");
  const problems = parse.kind === "refused" ? parse.problems : [];
  assert.deepEqual(
    problems.map(({ message }) => /release\.pub/.test(message)),
    [true],
  );
});
