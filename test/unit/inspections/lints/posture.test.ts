import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { layerNotes } from "../../../../src/inspections/layer-notes.ts";
import { walked } from "../../../support/layer-facts.ts";
import { flawsOf, found, type Linted } from "../../../support/lints.ts";
import { layer, type LayerSpec } from "../../../support/tar.ts";

suite("world-writable", () => {
  const of = (files: LayerSpec): readonly string[] => found("world-writable", { layers: [files] });

  test("names files and folders that everybody may write, and the layer", () => {
    const files = { "app/config": { body: "x", mode: 0o666 }, "app/data/": { type: "5", mode: 0o777 } };
    assert.deepEqual(
      new Set(of(files).map((flaw) => flaw.split(" is ")[0])),
      new Set(["the directory app/data", "the file app/config"]),
    );
    const [flaw] = flawsOf("world-writable", { layers: [{ "app/config": { body: "x", mode: 0o666 } }] });
    assert.equal(flaw?.sighting?.layer, layer({ "app/config": { body: "x", mode: 0o666 } }, "tar").digest);
  });

  test("leaves out sticky folders, links, and what the runtime mounts over", () => {
    const files = {
      "tmp/": { type: "5", mode: 0o1777 },
      "bin/a": { link: "b" },
      "dev/null": { type: "3", mode: 0o666, device: [1, 3] },
      "proc/x": { body: "", mode: 0o666 },
    } as const;
    assert.deepEqual(of(files), []);
  });

  test("sees what the image shows in the end", () => {
    const open = { "app/config": { body: "x", mode: 0o666 } };
    assert.deepEqual(found("world-writable", { layers: [open, { "app/.wh.config": "" }] }), []);
    assert.equal(found("world-writable", { layers: [open, { "app/x": "x" }] }).length, 1);
  });
});

suite("empty-password", () => {
  const of = (files: LayerSpec): readonly string[] => found("empty-password", { layers: [files] });

  test("reads full and reduced shadow files, and passwd itself", () => {
    assert.equal(of({ "etc/shadow": "root:\napp:\n" }).length, 2);
    assert.equal(of({ "etc/shadow": "root:$6$salt$hash:1::::::\napp:!:\nsvc:*\n" }).length, 0);
    assert.match(
      of({ "etc/passwd": "root:x:0:0::/:\nguest::7:7::/:\n" })[0] ?? "",
      /guest has no password in etc\/passwd/,
    );
    assert.deepEqual(of({ "etc/passwd": "root:x:0:0::/:\nshort\n" }), []);
  });

  test("does not take a file that was not read for a clean one", () => {
    assert.match(of({ "etc/shadow/": { type: "5" } })[0] ?? "", /etc\/shadow could not be read/);
    assert.match(of({ "etc/shadow": { link: "/proc/../etc/shadow" } })[0] ?? "", /could not be read/);
    assert.match(of({ "etc/shadow": { link: "/opt/shadow" }, "opt/shadow": "root::\n" })[0] ?? "", /could not be read/);
    assert.deepEqual(of({ "etc/hostname": "x" }), []);
  });
});

test("duplicate-id does not take a file that was not read for a clean one", () => {
  const [flaw = ""] = found("duplicate-id", { layers: [{ "etc/passwd": `a${"x".repeat(65_600)}\n` }] });
  assert.match(flaw, /etc\/passwd could not be read/);
});

test("preloaded-library finds a library that all programs load, and not an empty file", () => {
  const of = (files: LayerSpec): readonly string[] => found("preloaded-library", { layers: [files] });
  assert.match(of({ "etc/ld.so.preload": "/lib/evil.so\n" })[0] ?? "", /every program/);
  assert.match(of({ "etc/ld.so.preload": "/lib/evil.so\n".repeat(400) })[0] ?? "", /every program/);
  assert.match(of({ "etc/ld.so.preload": { link: "/opt/preload" }, "opt/preload": "x" })[0] ?? "", /every program/);
  assert.deepEqual(of({ "etc/ld.so.preload": "\n" }), []);
  assert.deepEqual(of({ "etc/ld.so.conf": "/lib\n" }), []);
});

test("no-build-date believes the configuration or the history, and no date of reproducible builds", () => {
  const of = (created?: string, history?: string): number => {
    const more = history === undefined ? {} : { history: [{ createdBy: "COPY", created: history }] };
    const image: Linted = created === undefined ? more : { created, ...more };
    return found("no-build-date", image).length;
  };
  assert.equal(of(), 1);
  assert.equal(of("1970-01-01T00:00:00Z"), 1);
  assert.equal(of("1980-01-01T00:00:01Z", "1970-01-01T00:00:00Z"), 1);
  assert.equal(of("2026-01-01T00:00:00Z"), 0);
  assert.equal(of("1970-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 0);
});

test("latest-tag finds nothing in a digest without a tag", () => {
  assert.deepEqual(found("latest-tag", {}), []);
});

suite("a layer's notes", () => {
  const notes = (...specs: readonly LayerSpec[]): readonly (readonly string[])[] => {
    const layers = specs.map((spec) => {
      const { content } = walked(spec).evidence;
      return content.kind === "observed" && content.value.kind === "walked" ? content.value.facts : undefined;
    });
    return layers.map((_, index) => layerNotes(layers, index));
  };
  const program = (mode = 0o755) => ({ body: "\u007fELF", mode });

  test("say what it brings that people ask about", () => {
    const base = {
      "bin/sh": program(),
      "usr/bin/apt": program(),
      "usr/bin/su": program(0o4755),
      "usr/sbin/sshd": program(),
      "usr/bin/run": { body: "#!/bin/sh\n", mode: 0o755 },
      "var/lib/dpkg/status": "Package: a\nStatus: install ok installed\n\nPackage: b\n\n",
    };
    assert.deepEqual(notes(base), [
      [
        "shell: bin/sh",
        "package manager: usr/bin/apt",
        "ssh server: usr/sbin/sshd",
        "2 packages",
        "setuid root: usr/bin/su",
        "5 programs",
      ],
    ]);
  });

  test("say what it takes away", () => {
    assert.deepEqual(notes({ "etc/passwd": "x" }, { "etc/.wh.passwd": "", "opt/.wh..wh..opq": "" })[1], [
      "hides etc/passwd",
      "hides all that was in opt",
    ]);
  });

  test("are few, whatever the layer holds", () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`d${at}/sh`, program(0o4755)]));
    const hides = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`d${at}/.wh.sh`, ""]));
    const [brings = [], takes = []] = notes(many, hides);
    assert.deepEqual([brings.filter((note) => note.startsWith("shell:")).length, brings.at(-1)], [4, "200 programs"]);
    assert.deepEqual([brings[3], takes.length, takes[3]], ["shell: 197 more", 4, "hides 197 more"]);
  });

  test("say nothing of a layer that was not seen, or that is nothing special", () => {
    assert.deepEqual(notes({ "app/data": "x" }), [[]]);
  });
});
