// Bundles the page into ONE file, dist/index.html (or the directory given as argument): script, style, fonts and web
// workers inside, so that the server embeds and serves a single answer and no network is needed to use it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist'));

const shared = {
  absWorkingDir: here,
  bundle: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  format: 'iife',
  legalComments: 'none',
  loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'dataurl' },
  logLevel: 'warning',
  minify: true,
  platform: 'browser',
  target: 'es2022',
  write: false,
};

/// `import source from 'worker:<module>'` gives the bundled source of that module as a string.
const workers = {
  name: 'workers',
  setup(host) {
    host.onResolve({ filter: /^worker:/ }, args => ({ path: args.path.slice('worker:'.length), namespace: 'worker' }));
    host.onLoad({ filter: /.*/, namespace: 'worker' }, async args => {
      const result = await build({ ...shared, stdin: { contents: `import '${args.path}'`, resolveDir: here } });
      return { contents: result.outputFiles[0].text, loader: 'text' };
    });
  },
};

const bundle = await build({
  ...shared,
  entryPoints: ['src/main.jsx'],
  jsx: 'automatic',
  outdir: out,
  plugins: [workers],
});

const text = extension => bundle.outputFiles.find(file => file.path.endsWith(extension)).text;
const parts = {
  // `</` never closes the element early, and `<!--` never opens a comment in it.
  '<!-- css -->': text('.css').replaceAll('</', '<\\/'),
  '<!-- js -->': text('.js').replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--'),
};
let page = readFileSync(join(here, 'src/index.html'), 'utf8');
for (const [mark, content] of Object.entries(parts)) page = page.replace(mark, () => content);

mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'index.html'), page);
console.log(`${join(out, 'index.html')}: ${(page.length / 1e6).toFixed(1)} MB`);
