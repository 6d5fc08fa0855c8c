// Bundle the third-party script of the pages. `python scripts/build_assets.py` runs this; see docs/service.md.
// Our own script is no part of the bundle: it is served as it is, so that the labelling page needs no build.

import { build } from "esbuild";

const target = process.argv[2];
if (!target) throw new Error("usage: node build.mjs FOLDER");
await build({
  entryPoints: ["entries/htmx.js"],
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome115", "firefox115", "safari16.4"],
  legalComments: "inline",
  charset: "utf8",
  logLevel: "warning",
});
