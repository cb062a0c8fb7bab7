// node build.js PACKAGES SOURCE OUT: compiles one MoonBit file with the library, for WasmGC.
//
// The library's sources are in the package moonpad-monaco as base64, with a list of its packages;
// the compiler is the package moonc-worker, a program for a browser's worker.

const fs = require('fs');
const Module = require('module');
const path = require('path');

const [packages, source, out] = process.argv.slice(2);
const CORE = 'moonbitlang/core';
const TARGET = 'wasm-gc';

// The exports of the worker are not its module's: they are found by the form of its last lines.
function compiler() {
  const file = path.join(packages, 'moonc-worker/moonc-worker.js');
  const text = fs.readFileSync(file, 'utf8');
  const found = text.match(/var (\w+)=\w+\(\w+\(\)\);(\w+\(\1\);)\s*\/\*\*/);
  const changed = text.replace(found[2], () => `module.exports=${found[1]};`);
  const made = new Module(file);
  made._compile(changed, file);
  return made.exports.default || made.exports;
}

// The files of the library by name.
function library() {
  const text = fs.readFileSync(path.join(packages, 'moonpad-monaco/dist/moonpad-monaco.js'), 'utf8');
  const values = new Map();
  for (const [, name, data] of text.matchAll(/[ ,\n]([\w$]+) = d\("([A-Za-z0-9+/=]*)"/g)) {
    values.set(name, data);
  }
  const files = new Map();
  for (const [, file, name] of text.matchAll(/i\["(\/lib\/core\/[^"]+)"\] = ([\w$]+)/g)) {
    files.set(file, Buffer.from(values.get(name), 'base64').toString('utf8'));
  }
  return files;
}

const moonc = compiler();
const files = library();
const listed = JSON.parse(files.get('/lib/core/_build/packages.json')).packages;
const known = new Map(listed.map((it) => [it.rel ? `${CORE}/${it.rel}` : CORE, it]));
const built = new Map();

function compile(pkg, mbtFiles, deps, isMain) {
  const all = new Map();
  const collect = (list) => {
    for (const dep of list) {
      if (all.has(dep.path)) continue;
      all.set(dep.path, built.get(dep.path));
      collect(built.get(dep.path).deps);
    }
  };
  collect(deps);
  const indirect = [...all].filter(([name]) => !deps.some((dep) => dep.path === name));
  const std = isMain ? [...built].map(([name, it]) => {
    const rel = name.slice(CORE.length + 1);
    return [`/lib/core/${rel}:${rel}`, it.mi];
  }) : [];
  const made = moonc.buildPackage({
    mbtFiles,
    miFiles: deps.map((dep) => [`/lib/${dep.path}:${dep.alias}`, built.get(dep.path).mi]),
    indirectImportMiFiles: indirect.map(([name, it]) => [name, it.mi]),
    stdMiFiles: std,
    target: TARGET,
    pkg,
    pkgSources: [`${pkg}:/${pkg}`],
    isMain,
    errorFormat: 'human',
    enableValueTracing: false,
    noOpt: false,
  });
  if (!made.core) throw new Error(`${pkg}: ${made.diagnostics.join('\n').slice(0, 3000)}`);
  built.set(pkg, { mi: made.mi, core: made.core, deps });
}

function buildCore(pkg) {
  if (built.has(pkg)) return;
  const { rel, deps, files: own } = known.get(pkg);
  deps.forEach((dep) => buildCore(dep.path));
  const wanted = Object.entries(own).filter(([, it]) =>
    it.backend.includes('WasmGC') && it.optlevel.includes('Release'));
  const mbtFiles = wanted.map(([name]) => {
    const file = path.basename(name);
    return [`/${pkg}/${file}`, files.get(`/lib/core/${rel}/${file}`)];
  });
  mbtFiles.sort(([a], [b]) => (a < b ? -1 : 1));
  compile(pkg, mbtFiles, deps, false);
}

[...known.keys()].filter((pkg) => pkg !== CORE).sort().forEach(buildCore);
const main = 'prog/main';
compile(main, [[`/${main}/mix.mbt`, fs.readFileSync(source, 'utf8')]], [], true);
const order = [...built.keys()];
const linked = moonc.linkCore({
  coreFiles: order.map((pkg) => built.get(pkg).core),
  main,
  pkgSources: order.map((pkg) => `${pkg}:/${pkg}`),
  target: TARGET,
  exportedFunctions: [],
  outputFormat: 'wasm',
  testMode: false,
  debug: false,
  noOpt: false,
  sourceMap: false,
  sources: {},
  stopOnMain: false,
});
fs.writeFileSync(out, linked.result);
