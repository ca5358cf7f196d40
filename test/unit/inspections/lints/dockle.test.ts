import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { LINTS, type Lint } from "../../../../src/domain/lint.ts";
import { found, type Linted } from "../../../support/lints.ts";

/** What answers each of dockle's checkpoints here (reference: inspection, 1.9); a rule of another name where no lint does. */
const DOCKLE: Readonly<Record<string, string>> = {
  "CIS-DI-0001": "user: nonRoot",
  "CIS-DI-0005": "signed: { by: … }",
  "CIS-DI-0006": "no-healthcheck",
  "CIS-DI-0007": "package-cache",
  "CIS-DI-0008": "absent: [setuid]",
  "CIS-DI-0009": "added-archive",
  "CIS-DI-0010": "secret-in-environment",
  "CIS-DI-0010 (files)": "secret-in-file",
  "DKL-DI-0001": "privileged-build",
  "DKL-DI-0002": "host-volume",
  "DKL-DI-0003": "package-cache",
  "DKL-DI-0004": "package-cache",
  "DKL-DI-0005": "package-cache",
  "DKL-DI-0006": "latest-tag",
  "DKL-LI-0001": "empty-password",
  "DKL-LI-0002": "duplicate-id",
  "DKL-LI-0003": "clutter",
};

type Example = readonly [id: string, what: string, bad: Linted, good: Linted, says: RegExp];

function ran(...commands: readonly string[]): Linted {
  return { history: commands.map((createdBy) => ({ createdBy })) };
}

const CLEAN_UP = "&& rm -rf /var/lib/apt/lists/*";
const SECRET = [{ kind: "secret", path: "root/.netrc", why: "password file" }] as const;
const CLUTTER = [{ kind: "clutter", path: "app/.git/config", why: "version control" }] as const;
const FILE = { "etc/hostname": "x" };

const EXAMPLES: readonly Example[] = [
  ["CIS-DI-0006", "an image without HEALTHCHECK", {}, { healthcheck: true }, /HEALTHCHECK/],
  [
    "CIS-DI-0007",
    "apt-get update alone",
    ran("/bin/sh -c apt-get update && rm -rf /var/lib/apt/lists"),
    ran(`/bin/sh -c apt-get update && apt-get install -y git ${CLEAN_UP}`),
    /without installing/,
  ],
  [
    "CIS-DI-0007",
    "apt -y update alone, by BuildKit",
    ran(`RUN /bin/sh -c apt -qq -y update ${CLEAN_UP} # buildkit`),
    ran(`RUN /bin/sh -c apt -y update && apt upgrade -y ${CLEAN_UP} # buildkit`),
    /without installing/,
  ],
  [
    "CIS-DI-0009",
    "a second ADD",
    ran("/bin/sh -c #(nop) ADD file:1 in / ", "/bin/sh -c #(nop) ADD file:2 in /app "),
    ran("/bin/sh -c #(nop) ADD file:1 in / ", "/bin/sh -c #(nop) COPY file:2 in /app "),
    /^step 2 .*use COPY/,
  ],
  [
    "CIS-DI-0009",
    "a second ADD by BuildKit",
    ran("ADD root.tar / # buildkit", "ADD https://x.example/a.tgz / # buildkit"),
    ran("ADD root.tar / # buildkit"),
    /^step 2/,
  ],
  [
    "CIS-DI-0010",
    "a password in the environment",
    { env: ["DB_PASSWORD=hunter2"] },
    { env: ["DB_PASSWORD="] },
    /DB_PASSWORD/,
  ],
  ["CIS-DI-0010 (files)", "a password file", { layers: [FILE], finds: [SECRET] }, { layers: [FILE] }, /root\/\.netrc/],
  [
    "DKL-DI-0001",
    "sudo",
    ran("/bin/sh -c sudo make install"),
    ran("/bin/sh -c make install && cat /etc/sudoers"),
    /sudo/,
  ],
  [
    "DKL-DI-0001",
    "sudo after another command",
    ran("RUN /bin/sh -c cd /x&& /usr/bin/sudo -E make # buildkit"),
    ran("RUN /bin/sh -c pseudo make"),
    /sudo/,
  ],
  ["DKL-DI-0002", "a volume on /proc", { volumes: ["/proc"] }, { volumes: ["/data", "/process"] }, /VOLUME \/proc /],
  ["DKL-DI-0002", "a volume on /sys/", { volumes: ["/sys/"] }, { volumes: ["/srv/sys"] }, /\/sys/],
  ["DKL-DI-0002", "a volume on ./dev/../dev/shm", { volumes: ["./dev/../dev/shm"] }, { volumes: ["/device"] }, /dev/],
  [
    "DKL-DI-0003",
    "apt-get dist-upgrade",
    ran(`RUN /bin/sh -c apt-get update && apt-get dist-upgrade -y ${CLEAN_UP}`),
    ran(`RUN /bin/sh -c apt-get update && apt-get upgrade -y ${CLEAN_UP}`),
    /newer base/,
  ],
  ["DKL-DI-0004", "apk add", ran("/bin/sh -c apk add git"), ran("/bin/sh -c apk add --no-cache git"), /--no-cache/],
  [
    "DKL-DI-0004",
    "apk add of which nothing is removed",
    ran("/bin/sh -c apk --update add git"),
    ran("/bin/sh -c apk add git && rm -rf /var/cache/apk/*"),
    /--no-cache/,
  ],
  [
    "DKL-DI-0005",
    "apt lists that stay",
    ran("/bin/sh -c apt-get update && apt-get install -y git"),
    ran(`/bin/sh -c apt-get update; apt-get install -y git; rm -rf /var/lib/apt/lists/*`),
    /lists/,
  ],
  [
    "DKL-DI-0005",
    "apt lists that stay though they were removed before",
    ran("/bin/sh -c rm -rf /var/lib/apt/lists/* && apt-get install -y git"),
    ran("/bin/sh -c apt-get install -y git && apt-get dist-clean"),
    /lists/,
  ],
  ["DKL-DI-0006", "the tag latest", { tag: "latest" }, { tag: "1.2" }, /latest/],
  [
    "DKL-LI-0001",
    "an empty password",
    { layers: [{ "etc/shadow": "root::0::::::\nbin:!::0:::::\n" }] },
    { layers: [{ "etc/shadow": "root:*:0::::::\nbin:!::0:::::\n" }] },
    /root has no password in etc\/shadow/,
  ],
  [
    "DKL-LI-0001",
    "an empty password of BSD's file",
    { layers: [{ "etc/master.passwd": "toor:" }] },
    { layers: [{ "etc/master.passwd": "toor:*:" }] },
    /toor/,
  ],
  [
    "DKL-LI-0002",
    "two users of one uid",
    { layers: [{ "etc/passwd": "root:x:0:0::/:\ntoor:x:0:0::/:\n" }] },
    { layers: [{ "etc/passwd": "root:x:0:0::/:\napp:x:1:0::/:\n" }] },
    /uid 0 .* root, toor/,
  ],
  [
    "DKL-LI-0002",
    "two groups of one gid",
    { layers: [{ "etc/group": "a:x:5:\nb:x:5:\n" }] },
    { layers: [{ "etc/group": "a:x:5:\n#b:x:5:\n" }] },
    /gid 5 .* a, b/,
  ],
  ["DKL-LI-0003", "version control", { layers: [FILE], finds: [CLUTTER] }, { layers: [FILE] }, /app\/\.git\/config/],
];

function lintFor(id: string): Lint {
  const lint = LINTS.find((one) => one === DOCKLE[id]);
  assert.ok(lint !== undefined, id);
  return lint;
}

suite("dockle's checkpoints", () => {
  for (const [id, what, bad, good, says] of EXAMPLES) {
    test(`${id} finds ${what}, and nothing in its opposite`, () => {
      const lint = lintFor(id);
      const flaws = found(lint, bad);
      assert.equal(flaws.length, 1, flaws.join("\n"));
      assert.match(flaws[0] ?? "", says);
      assert.deepEqual(found(lint, good), []);
    });
  }

  test("each that a lint answers has an example above", () => {
    const answered = Object.keys(DOCKLE).filter((id) => LINTS.some((lint) => lint === DOCKLE[id]));
    assert.deepEqual([...new Set(EXAMPLES.map(([id]) => id))].sort(), answered.sort());
  });
});

suite("dockle's bugs", () => {
  test("short lines of user files are read as the runtimes read them, and end nothing", () => {
    const files = {
      "etc/passwd": "root:x:0:0::/:\nshort\napp:x\n\n",
      "etc/group": "one\ntwo:x\n",
      "etc/shadow": "short\n\n",
    };
    assert.deepEqual(found("duplicate-id", { layers: [files] }), [
      "uid 0 in etc/passwd belongs to root, short, app: give each its own",
      "gid 0 in etc/group belongs to one, two: give each its own",
    ]);
    assert.deepEqual(found("empty-password", { layers: [files] }), []);
  });

  test("what one image had is not found in the next", () => {
    const image: Linted = { layers: [{ "etc/passwd": "a:x:5:5::/:\n" }] };
    assert.deepEqual([found("duplicate-id", image), found("duplicate-id", image)], [[], []]);
  });

  test("MONKEY and KEYBOARD are no keys, and the configuration is looked at besides the history", () => {
    const env = ["MONKEY=banana", "KEYBOARD=us", "TOKENIZER=bpe", "PASSENGER=7", "SECRETARY=ann"];
    assert.deepEqual(found("secret-in-environment", { env, ...ran(`ENV ${env.join(" ")}`) }), []);
    assert.equal(found("secret-in-environment", { env: ["API_KEY=x1"] }).length, 1);
  });
});
