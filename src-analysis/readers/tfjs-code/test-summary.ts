import type { Layer, ModelGraph, Range, Shape } from '../../model/graph.ts';
import { neverCancelled, type RelatedFiles, type SourceFile } from '../reader.ts';
import { readTfjsCode } from './read.ts';

/** For tests: reads a snippet and tells what was found in lines of text, without the indentation of the snippet. */
export function summarise(
  text: string,
  path = 'model.ts',
  prelude = "import * as tf from '@tensorflow/tfjs';\n",
): string[] {
  return summariseFile({ path, text: prelude + text });
}

/** Files of a project and what is to be found in one of them. */
export interface FilesCase {
  readonly what: string;
  /** The first file is read. */
  readonly files: Readonly<Record<string, string>>;
  readonly expected: readonly string[];
}

/** The same of a file among others, given by path; the prelude is not added. */
export function summariseFiles(files: Readonly<Record<string, string>>, path: string): string[] {
  const related: RelatedFiles = {
    read: name => (Object.hasOwn(files, name) ? files[name] : undefined),
    importers: name => Object.keys(files).filter(other => other !== name && importsFrom(files[other] ?? '', name)),
    pages: name => Object.keys(files).filter(other => isPageOf(other, files[other] ?? '', name)),
  };
  return summariseFile({ path, text: files[path] ?? '', related });
}

function importsFrom(text: string, name: string): boolean {
  return text.includes(
    `./${name
      .split('/')
      .at(-1)
      ?.replace(/\.\w+$/, '')}`,
  );
}

function isPageOf(page: string, text: string, name: string): boolean {
  return /\.html$/.test(page) && new RegExp(`src=["']?[\\w./]*${name.split('/').at(-1)}`).test(text);
}

function summariseFile(file: SourceFile): string[] {
  const code = file.text ?? '';
  const { models, errors } = readTfjsCode(file, neverCancelled);
  return [
    ...models.flatMap(model => modelLines(code, model)),
    ...errors.map(error => `error: ${error.message}${at(code, error.range)}`),
  ];
}

function modelLines(code: string, model: ModelGraph): string[] {
  return [
    `== ${model.name}`,
    ...model.layers.map(layerLine),
    ...model.gaps.map(gap => `gap: ${gap.reason}${at(code, gap.range)}`),
  ];
}

function layerLine(layer: Layer): string {
  const inputs = layer.inputShapes.map(shapeText).join(' + ');
  const outputs = layer.outputShapes.map(shapeText).join(', ');
  const about = [
    ...(layer.op.kind === 'unknown' ? [`unknown: ${layer.op.reason}`] : []),
    ...(layer.trainable || layer.weights.length === 0 ? [] : ['frozen']),
    ...(layer.sharedWith === undefined ? [] : [`as ${layer.sharedWith}`]),
  ];
  const shapes = layer.inputs.length === 0 ? outputs : `${inputs} -> ${outputs}`;
  return `${layer.type} ${shapes}${about.length > 0 ? ` (${about.join('; ')})` : ''}`;
}

function shapeText(shape: Shape): string {
  return shape ? `[${shape.map(dim => dim ?? '?').join(',')}]` : '?';
}

function at(code: string, range: Range | undefined): string {
  return range ? ` @ ${code.slice(range.start, range.end)}` : '';
}
