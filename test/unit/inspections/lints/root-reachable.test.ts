import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { inspectImage } from "../../../../src/inspections/index.ts";
import { observed } from "../../../support/layer-facts.ts";
import { found, type Linted } from "../../../support/lints.ts";
import { imageConfig, layer, type EntrySpec, type LayerSpec } from "../../../support/tar.ts";

const ELF = "\u007fELF program";
const APP = "root:x:0:0::/:\napp:x:1000:1000::/:\n";

/** What lets the user 1000 become root in an image of these files. */
function ways(files: LayerSpec, config: Linted = {}): readonly string[] {
  return found("root-reachable", {
    user: "1000",
    layers: [{ "etc/passwd": APP, "etc/shadow": "root:*:1::::::\n" }, files],
    ...config,
  });
}

/** `security.capability` of revision 2 with these bits permitted, as a PAX record. */
function capable(...bits: readonly number[]): EntrySpec {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(0x0200_0001, 0);
  for (const bit of bits) bytes.writeUInt32LE(bytes.readUInt32LE(4) | (1 << bit), 4);
  return { body: ELF, mode: 0o755, pax: { "SCHILY.xattr.security.capability": bytes.toString("latin1") } };
}

const setuid = (uid = 0, body = ELF): EntrySpec => ({ body, mode: 0o4755, uid });
const owned = (mode: number, uid = 1000, gid = 1000): EntrySpec => ({ body: "#!/bin/sh\n", mode, uid, gid });

type Case = readonly [what: string, files: LayerSpec, says: RegExp, config?: Linted];

const REACHED: readonly Case[] = [
  ["a setuid program nobody expects", { "usr/bin/tool": setuid() }, /^usr\/bin\/tool runs as root whoever starts it/],
  ["sudo, whatever its rules", { "usr/bin/sudo": setuid() }, /^usr\/bin\/sudo/],
  ["an expected name in another place", { "app/su": setuid() }, /^app\/su/],
  ["a setuid busybox", { "bin/busybox": setuid() }, /^bin\/busybox/],
  ["cap_setuid", { "usr/bin/python3": capable(7) }, /cap_setuid/],
  ["cap_dac_override", { "app/x": capable(1) }, /cap_dac_override/],
  ["cap_sys_admin", { "app/x": capable(21) }, /cap_sys_admin/],
  [
    "capabilities that cannot be read",
    { "app/x": { body: ELF, mode: 0o755, pax: { "SCHILY.xattr.security.capability": "short" } } },
    /unreadable/,
  ],
  [
    "a passwordless root and su",
    { "etc/shadow": "root::1::::::\n", "bin/su": { body: ELF, mode: 0o755 } },
    /^root, which is root, has no password in etc\/shadow and bin\/su logs people in/,
  ],
  [
    "a passwordless root of a reduced shadow file",
    { "etc/shadow": "root:\n", "usr/sbin/sshd": { body: ELF, mode: 0o755 } },
    /usr\/sbin\/sshd logs/,
  ],
  [
    "a passwordless root in passwd itself",
    { "etc/passwd": "root::0:0::/:\n", "bin/login": { body: ELF, mode: 0o755 } },
    /no password in etc\/passwd/,
  ],
  [
    "another passwordless account of uid 0",
    { "etc/passwd": `${APP}toor::0:0::/:\n`, "bin/su": { body: ELF, mode: 0o755 } },
    /^toor, which is root/,
  ],
  ["sudo rules", { "etc/sudoers": "Defaults env_reset\napp ALL=(ALL) NOPASSWD: ALL\n" }, /^etc\/sudoers lets sudo/],
  ["sudo rules over two lines", { "etc/sudoers": "app ALL=(ALL) \\\n NOPASSWD:ALL\n" }, /^etc\/sudoers/],
  ["sudo rules in the folder", { "etc/sudoers.d/app": "%app ALL=(root) NOPASSWD: /bin/x\n" }, /^etc\/sudoers\.d\/app/],
  ["sudo that never asks", { "etc/sudoers": "Defaults:app !authenticate\n" }, /^etc\/sudoers/],
  ["sudo rules that nobody read", { "etc/sudoers": { body: "#".repeat(70_000) } }, /could not be read/],
  ["sudo rules behind a folder", { "etc/sudoers/": { type: "5" } }, /could not be read/],
  [
    "a crontab of the user's",
    { "etc/crontab": owned(0o644) },
    /^etc\/crontab, which root runs or obeys, can be changed by the user 1000/,
  ],
  ["a job that everybody may write", { "etc/cron.d/job": owned(0o666, 0, 0) }, /^etc\/cron\.d\/job/],
  [
    "a job of the user's group",
    { "etc/cron.daily/job": owned(0o775, 0, 1000) },
    /^etc\/cron\.daily\/job/,
    { user: "1000:1000" },
  ],
  [
    "a folder of jobs that is the user's",
    { "etc/cron.d/": { type: "5", mode: 0o755, uid: 1000 }, "etc/cron.d/job": owned(0o644, 0, 0) },
    /^etc\/cron\.d/,
  ],
  ["a script of init", { "etc/init.d/app": owned(0o755) }, /^etc\/init\.d\/app/],
  [
    "an etc/passwd of group 0, as the user has",
    { "etc/passwd": { body: APP, mode: 0o664 } },
    /^etc\/passwd/,
    { user: "2000" },
  ],
  ["root already", {}, /^it starts as root already: USER is uid 0/, { user: "0" }],
  ["nobody knows whom", {}, /^it may start as root: USER is a name that etc\/passwd does not have/, { user: "svc" }],
];

suite("root can be reached by", () => {
  for (const [what, files, says, config] of REACHED) {
    test(what, () => {
      const flaws = ways(files, config);
      assert.ok(
        flaws.some((flaw) => says.test(flaw)),
        flaws.join("\n"),
      );
    });
  }
  test("an entrypoint that others may change, where root starts it", () => {
    const files = { "app/run": owned(0o755) };
    const entrypoint = ["/app/run"];
    assert.match(ways(files, { user: "", entrypoint })[1] ?? "", /^app\/run, .* can be changed by others than root/);
    assert.match(ways({ "app/run": owned(0o757, 0, 0) }, { user: "", entrypoint })[1] ?? "", /^app\/run/);
    assert.deepEqual(ways(files, { entrypoint }), []);
    assert.equal(ways({ "app/run": owned(0o755, 0, 0) }, { user: "", entrypoint }).length, 1);
  });
});

const BARRED: readonly (readonly [string, LayerSpec, Linted?])[] = [
  ["nothing of the kind", {}],
  [
    "the setuid programs of distributions",
    {
      "usr/bin/passwd": setuid(),
      "bin/su": setuid(),
      "usr/lib/openssh/ssh-keysign": setuid(),
      "usr/sbin/unix_chkpwd": setuid(),
    },
  ],
  ["a setuid program of somebody else", { "usr/bin/tool": setuid(1000) }],
  ["a setuid script, which the kernel starts as its caller", { "usr/bin/tool": setuid(0, "#!/bin/sh\n") }],
  ["a setuid file that cannot be started", { "usr/share/tool": { body: ELF, mode: 0o4644 } }],
  ["cap_net_bind_service", { "app/x": capable(10) }],
  ["a passwordless root and nothing to log in with", { "etc/shadow": "root::1::::::\n" }],
  ["a passwordless account of somebody else", { "etc/shadow": "app::1::::::\n", "bin/su": { body: ELF, mode: 0o755 } }],
  ["sudo rules that ask", { "etc/sudoers": "# app ALL=(ALL) NOPASSWD: ALL\nroot ALL=(ALL:ALL) ALL\n" }],
  ["rules that sudo leaves out", { "etc/sudoers.d/app.bak": "app ALL=(ALL) NOPASSWD: ALL\n" }],
  ["root's own jobs", { "etc/crontab": owned(0o644, 0, 0), "etc/cron.d/job": owned(0o775, 0, 0) }],
  ["jobs of the user's that a later layer takes away", { "etc/.wh.cron.d": "" }],
];

suite("root cannot be reached by", () => {
  for (const [what, files, config] of BARRED) {
    test(what, () => assert.deepEqual(ways(files, config), []));
  }
});

test("layers that can never be read are no clean answer", () => {
  const built = layer({ "etc/passwd": APP }, "tar");
  const config = imageConfig({ user: "1000" }, [built]);
  const { lints } = inspectImage(config, [
    observed(built, { kind: "uninspectable", reason: "bomb", detail: "too large" }),
  ]);
  const said = lints["root-reachable"];
  assert.match(
    said.kind === "known" ? (said.value[0]?.what ?? "") : said.kind,
    /cannot be inspected \(bomb: .*too large\)/,
  );
  assert.equal(lints["no-healthcheck"].kind, "known");
});
