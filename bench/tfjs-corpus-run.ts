/** Runs model code for real, with TensorFlow.js, and notes the output shapes of every layer by the call that made it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { build, type Loader, type Plugin } from 'esbuild';
import { layerSites, scriptText } from './tfjs-corpus-sites.ts';

// Examples start training without data in the background, which fails; it is not what is measured.
process.on('unhandledRejection', () => {});

/** Something that can be called, constructed, read and iterated without end. */
function anything(): unknown {
  const target = (() => {}) as unknown as object;
  return new Proxy(target, {
    get: (_, key) => {
      if (key === Symbol.toPrimitive) return () => 1;
      if (key === Symbol.iterator) return function* () {};
      if (key === 'then') return undefined;
      if (key === 'prototype') return Object.prototype;
      return anything();
    },
    apply: () => anything(),
    construct: () => anything() as object,
    set: () => true,
    has: () => true,
  });
}

/** The text with every layer call of the file wrapped so that what it makes is noted down. */
function instrument(file: string, text: string): string {
  const marks: { at: number; text: string }[] = [];
  for (const { start, end } of layerSites(file, text)) {
    marks.push({ at: start, text: `__site(${JSON.stringify(file)},${start},` }, { at: end, text: ')' });
  }
  let out = scriptText(file, text);
  for (const mark of marks.sort((a, b) => b.at - a.at || (a.text === ')' ? 1 : -1))) {
    out = out.slice(0, mark.at) + mark.text + out.slice(mark.at);
  }
  return out;
}

function plugin(entry: string, calls: string): Plugin {
  return {
    name: 'corpus',
    setup(builder) {
      builder.onResolve({ filter: /^[^./]/ }, args =>
        args.kind === 'entry-point' ? undefined : { path: args.path, external: true },
      );
      builder.onResolve({ filter: /^\.\.?\// }, args => {
        const full = path.resolve(path.dirname(args.importer), args.path);
        const found = ['', '.js', '.ts', '.tsx', '.jsx', '.mjs', '/index.js', '/index.ts'].find(ending =>
          isFile(full + ending),
        );
        return found === undefined ? { path: args.path, external: true } : { path: full + found };
      });
      builder.onLoad({ filter: /\.([cm]?[jt]sx?|html?)$/ }, args => {
        const text = instrument(args.path, readFileSync(args.path, 'utf8'));
        const loader: Loader = /\.tsx?$/.test(args.path) ? (args.path.endsWith('x') ? 'tsx' : 'ts') : 'jsx';
        const drive = args.path === entry ? `\n;globalThis.__drive = async () => { ${calls} };` : '';
        return { contents: text + drive, loader };
      });
    },
  };
}

function isFile(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

interface Made {
  readonly file: string;
  readonly start: number;
  readonly layer: tf.layers.Layer;
  /** Shapes that it was asked for: a model used as a layer asks its own layers, and adds no nodes to them. */
  readonly computed: tf.Shape[];
}

function watchShapes(layer: tf.layers.Layer): tf.Shape[] {
  const computed: tf.Shape[] = [];
  const original = layer.computeOutputShape?.bind(layer);
  if (original) {
    layer.computeOutputShape = input => {
      const shape = original(input);
      computed.push((Array.isArray(shape[0]) ? shape[0] : shape) as tf.Shape);
      return shape;
    };
  }
  return computed;
}

/** Shapes without the batch axis, as JSON, by offset of the call in `file`. */
export async function builtShapes(file: string, calls: string, corpus: string): Promise<Map<string, Set<string>>> {
  const made: Made[] = [];
  const globals = {
    __site: (from: string, start: number, value: unknown) => {
      const layer = value instanceof tf.SymbolicTensor ? value.sourceLayer : (value as tf.layers.Layer);
      made.push({
        file: from,
        start,
        layer: layer as tf.layers.Layer,
        computed: watchShapes(layer as tf.layers.Layer),
      });
      return value;
    },
  };
  const shapes = new Map<string, Set<string>>();
  const { log, warn } = console;
  try {
    const { outputFiles } = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'node',
      logLevel: 'silent',
      plugins: [plugin(file, calls)],
    });
    console.log = console.warn = () => {};
    await execute(outputFiles[0]?.text ?? '', globals);
    await new Promise(resolve => setTimeout(resolve, 200));
  } catch (error) {
    log(`NOT RUN ${path.relative(corpus, file)}: ${error instanceof Error ? error.message.slice(0, 300) : error}`);
  } finally {
    Object.assign(console, { log, warn });
  }
  for (const { file: from, start, layer, computed } of made) {
    if (from !== file) continue;
    const set = shapes.get(`${start}`) ?? new Set<string>();
    for (const node of layer.inboundNodes ?? []) {
      const [first] = node.outputShapes;
      const shape = (Array.isArray(first) ? first : node.outputShapes) as tf.Shape;
      set.add(JSON.stringify(shape.slice(1)));
    }
    for (const shape of computed) set.add(JSON.stringify(shape.slice(1)));
    if (set.size > 0) shapes.set(`${start}`, set);
  }
  return shapes;
}

async function execute(code: string, globals: object): Promise<void> {
  const real = createRequire(import.meta.url);
  const require = (name: string): unknown => {
    if (/^@tensorflow\/tfjs(-node|-node-gpu|-layers|-core)?$/.test(name))
      return { ...tf, default: tf, __esModule: true };
    if (/^(node:)?(path|util|assert)$/.test(name)) return real(name);
    return anything();
  };
  const names = ['document', 'window', 'navigator', 'localStorage', 'fetch', 'Image', 'self', 'alert', 'tfvis', 'tf'];
  const values = names.map(name => (name === 'tf' ? tf : anything()));
  const quiet = { ...console, log: () => {}, table: () => {}, warn: () => {}, error: () => {} };
  const run = new Function('require', 'module', 'exports', 'console', ...names, ...Object.keys(globals), code);
  const module = { exports: {} };
  Reflect.set(globalThis, '__drive', undefined);
  try {
    run(require, module, module.exports, quiet, ...values, ...Object.values(globals));
  } catch (error) {
    // Code at the top of a page fails without one; what it made before counts, and functions are there in any case.
    if (Reflect.get(globalThis, '__drive') === undefined) throw error;
  }
  await (Reflect.get(globalThis, '__drive') as () => Promise<void>)();
}
