/**
 * How long VS Code takes to show a large ONNX file, as table and as text: `npm run package`, then `npm run bench onnx-editor`.
 * The file has `ONNX_EDITOR_LAYERS` dense layers of 2048 units, 16.8 MB each (30: 504 MB). It must fit twice into the
 * folder for temporary files.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import type { FrameLocator, Page } from 'playwright-core';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../src-analysis/readers/onnx/generated/onnx_pb.ts';
import { printTable } from './table.ts';

const layers = Number(process.env.ONNX_EDITOR_LAYERS ?? 30);
const units = 2048;
const root = path.resolve(import.meta.dirname, '../..');

function largeModel(): Uint8Array {
  const rawData = new Uint8Array(4 * units * units);
  const tensor = (name: string, ...dims: number[]) => {
    const bytes = 4 * dims.reduce((product, dim) => product * dim, 1);
    const data = { name, dims: dims.map(BigInt), dataType: 1, rawData: rawData.subarray(0, bytes) };
    return toBinary(TensorProtoSchema, create(TensorProtoSchema, data));
  };
  const value = (name: string) => {
    const dim = [
      { case: 'dimParam' as const, value: 'N' },
      { case: 'dimValue' as const, value: BigInt(units) },
    ];
    const shape = { dim: dim.map(each => ({ value: each })) };
    return create(ValueInfoProtoSchema, {
      name,
      type: { value: { case: 'tensorType', value: { elemType: 1, shape } } },
    });
  };
  const transB = create(AttributeProtoSchema, { name: 'transB', type: AttributeType.INT, i: 1n });
  const node = Array.from({ length: layers }, (_, i) => [
    create(NodeProtoSchema, {
      opType: 'Gemm',
      input: [`r${i}`, `w${i}`, `b${i}`],
      output: [`g${i}`],
      attribute: [transB],
    }),
    create(NodeProtoSchema, { opType: 'Relu', input: [`g${i}`], output: [`r${i + 1}`] }),
  ]).flat();
  const initializer = Array.from({ length: layers }, (_, i) => [
    tensor(`w${i}`, units, units),
    tensor(`b${i}`, units),
  ]).flat();
  const graph = create(GraphProtoSchema, {
    name: 'large',
    node,
    initializer,
    input: [value('r0')],
    output: [value(`r${layers}`)],
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ version: 17n }], graph }),
  );
}

interface Window {
  readonly page: Page;
  readonly palette: (command: string) => Promise<void>;
  readonly frame: () => FrameLocator;
}

/** Seconds from the choice of the file to everything that is waited for, one after the other. */
async function opened(window: Window, command: string, shown: readonly (() => Promise<void>)[]): Promise<number[]> {
  const { page, palette } = window;
  await palette(command);
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: 'large.onnx' }).first();
  await row.waitFor({ timeout: 60_000 });
  const start = performance.now();
  await row.click();
  const seconds: number[] = [];
  for (const wait of shown) {
    await wait();
    seconds.push((performance.now() - start) / 1000);
  }
  await page.keyboard.press('Control+k');
  await page.keyboard.press('w');
  await page.locator('.tabs-container .tab').waitFor({ state: 'detached', timeout: 60_000 });
  return seconds;
}

async function measure(window: Window): Promise<void> {
  const { page, frame } = window;
  const timeout = 120_000;
  const rows: (string | number)[][] = [];
  for (let run = 1; run <= 3; run++) {
    const [table] = await opened(window, 'Leaklint: Open ONNX Table', [
      () => frame().locator('table[role=grid]').waitFor({ timeout }),
    ]);
    const [text, lens] = await opened(window, 'Leaklint: Open ONNX as Text', [
      () => page.locator('.editor-instance .view-line', { hasText: 'ir_version' }).first().waitFor({ timeout }),
      () => page.locator('.codelens-decoration').first().waitFor({ timeout }),
    ]);
    rows.push([`run ${run}`, table!, text!, lens!]);
  }
  printTable(['', 'table, s', 'text, s', 'text with its lens, s'], rows);
}

const folder = mkdtempSync(path.join(tmpdir(), 'leaklint-bench-'));
// Not bundled: its folders are found from its own place.
const { withVsCode, closeHost } = await import(pathToFileURL(path.join(root, 'test/e2e/vscode.mjs')).href);
try {
  const model = largeModel();
  writeFileSync(path.join(folder, 'large.onnx'), model);
  console.log(`${(model.length / 1e6).toFixed(0)} MB\n`);
  await withVsCode({ folder: path.relative(root, folder) }, measure);
} finally {
  await closeHost();
  rmSync(folder, { recursive: true, force: true });
}
