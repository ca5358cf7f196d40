import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { dockerConfigCredentials } from "../../../src/adapters/oci/docker-config.ts";
import type { Credentials } from "../../../src/net/credentials.ts";
import { InputError } from "../../../src/domain/errors.ts";
import type { Registry } from "../../../src/domain/reference.ts";
import { isPortError } from "../../support/port-error.ts";

const never = new AbortController().signal;
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const password = (username: string, secret: string): Credentials => ({ kind: "password", username, password: secret });

/** Answers by host, logs what it was asked, and misbehaves for some hosts. */
const HELPER = `#!/bin/sh
read host
echo "$1 $host" >> "$HELPER_LOG"
case "$host" in
  registry.example.com) echo '{"ServerURL":"registry.example.com","Username":"bot","Secret":"s3cret"}' ;;
  token.example.com) echo '{"ServerURL":"token.example.com","Username":"<token>","Secret":"refresh-me"}' ;;
  https://index.docker.io/v1/) echo '{"ServerURL":"https://index.docker.io/v1/","Username":"hub","Secret":"hubpass"}' ;;
  broken.example.com) echo "cannot reach the keychain for hunter2"; exit 2 ;;
  babbling.example.com) head -c 200000 /dev/zero; exec sleep 5 ;;
  hanging.example.com) exec sleep 5 ;;
  nonsense.example.com) echo 'hunter2 is not JSON' ;;
  empty.example.com) echo '{"ServerURL":"x","Username":"u","Secret":""}' ;;
  *) echo "credentials not found in native keychain"; exit 1 ;;
esac
`;

describe("accounts from a Docker configuration", { timeout: 30_000 }, () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-docker-"));
    await writeFile(join(folder, "docker-credential-test"), HELPER);
    await chmod(join(folder, "docker-credential-test"), 0o755);
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => writeFile(join(folder, "asked"), ""));

  async function find(config: unknown, registry: string): Promise<Credentials | undefined> {
    await writeFile(join(folder, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
    const env = {
      ...process.env,
      PATH: `${folder}${delimiter}${process.env["PATH"]}`,
      HELPER_LOG: join(folder, "asked"),
    };
    return dockerConfigCredentials(folder, { env, timeoutMs: 1000 })(registry as Registry, never);
  }

  test("are those of the exact host and port", async () => {
    const auths = {
      "registry.example.com": { auth: base64("a:one") },
      "registry.example.com:5000": { auth: base64("b:t:wo") },
      "https://legacy.example.com/v1/": { username: "c", password: "three" },
      "http://plain.example.com": { auth: base64("d:four") },
      "identity.example.com": { auth: base64("x:"), identitytoken: "refresh" },
    };
    assert.deepEqual(await find({ auths }, "registry.example.com"), password("a", "one"));
    assert.deepEqual(await find({ auths }, "registry.example.com:5000"), password("b", "t:wo"));
    assert.deepEqual(await find({ auths }, "legacy.example.com"), password("c", "three"));
    assert.deepEqual(await find({ auths }, "plain.example.com"), password("d", "four"));
    assert.deepEqual(await find({ auths }, "identity.example.com"), { kind: "identity-token", token: "refresh" });
  });

  test("are never another host's whose name looks alike", async () => {
    const auths = {
      "example.com": { auth: base64("a:b") },
      "registry.example.com/private": { auth: base64("a:b") },
      "https://index.docker.io/v1/": { auth: base64("a:b") },
      "": { auth: base64("a:b") },
    };
    for (const host of [
      "registry.example.com",
      "example.com:443",
      "example.com.evil.test",
      "evil-example.com",
      "xexample.com",
      "com",
      "index.docker.io.evil.test",
      "docker.io:443",
      "evil.test",
    ]) {
      assert.equal(await find({ auths }, host), undefined, host);
    }
  });

  test("of Docker Hub serve all its names, and only those", async () => {
    for (const key of ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"]) {
      const config = { auths: { [key]: { auth: base64("hub:pass") } } };
      for (const host of ["docker.io", "index.docker.io", "registry-1.docker.io"]) {
        assert.deepEqual(await find(config, host), password("hub", "pass"), `${key} for ${host}`);
      }
      assert.equal(await find(config, "hub.docker.io"), undefined);
    }
  });

  test("come from the registry's own helper, whose answer is final", async () => {
    const auths = { "absent.example.com": { auth: base64("a:b") } };
    const credHelpers = { "registry.example.com": "test", "absent.example.com": "test", "token.example.com": "test" };
    assert.deepEqual(await find({ auths, credHelpers }, "registry.example.com"), password("bot", "s3cret"));
    assert.deepEqual(await find({ credHelpers }, "token.example.com"), { kind: "identity-token", token: "refresh-me" });
    assert.equal(await find({ auths, credHelpers }, "absent.example.com"), undefined);
  });

  test("come from the store, and from the file for what the store does not know", async () => {
    const config = { credsStore: "test", auths: { "absent.example.com": { auth: base64("a:b") }, "x.test": {} } };
    assert.deepEqual(await find(config, "registry.example.com"), password("bot", "s3cret"));
    assert.deepEqual(await find(config, "docker.io"), password("hub", "hubpass"));
    assert.deepEqual(await find(config, "absent.example.com"), password("a", "b"));
    assert.equal(await find(config, "x.test"), undefined);
  });

  test("are refused, never replaced, when a helper is broken", async () => {
    const auths = {
      "https://index.docker.io/v1/": { auth: base64("hub:pass") },
      "broken.example.com": { auth: base64("a:b") },
    };
    const rows = [
      ["broken.example.com", "unauthorized"],
      ["babbling.example.com", "too-large"],
      ["hanging.example.com", "timeout"],
      ["nonsense.example.com", "unauthorized"],
      ["empty.example.com", "unauthorized"],
    ] as const;
    for (const [host, code] of rows) {
      await assert.rejects(find({ auths, credsStore: "test" }, host), (error: Error) => {
        assert.doesNotMatch(error.message, /hunter2/);
        return isPortError(code)(error);
      });
    }
    await assert.rejects(find({ auths, credsStore: "missing" }, "broken.example.com"), isPortError("unauthorized"));
  });

  test("are asked of no program whose name leaves the folder of helpers", async () => {
    for (const name of ["../test", "/bin/sh", "a b", "x;reboot", "$(id)"]) {
      await assert.rejects(find({ credsStore: name }, "registry.example.com"), InputError, name);
    }
  });

  test("are none without a file, and an error with a broken one", async () => {
    assert.equal(await dockerConfigCredentials(join(folder, "nowhere"))("a.test" as Registry, never), undefined);
    assert.equal(await find({}, "a.test"), undefined);
    for (const text of [
      "",
      "{",
      "[]",
      '{"auths":[]}',
      '{"auths":{"a.test":{"auth":"bm9jb2xvbg=="}}}',
      '{"auths":{"a.test":1}}',
    ]) {
      await assert.rejects(find(text, "a.test"), InputError, text);
    }
  });
});
