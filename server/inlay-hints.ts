/** Output shapes at the end of each layer's call. */
import { type InlayHint, InlayHintKind, type Range as LspRange } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileReport } from '../src-analysis/check.ts';
import { formatShape } from './wording.ts';

/** A call in a loop makes many layers: this many different shapes are shown. */
const maximumShapes = 3;

/** One hint a call, with the shapes that the layers made there give, in the order in which they are made. */
export function shapeHints(document: TextDocument, report: FileReport, visible: LspRange): InlayHint[] {
  const from = document.offsetAt(visible.start);
  const to = document.offsetAt(visible.end);
  const calls = new Map<number, { readonly shapes: Set<string>; readonly layers: string[] }>();
  for (const { graph } of report.models) {
    for (const layer of graph.layers) {
      const end = (layer.fullRange ?? layer.range)?.end;
      if (end === undefined || end < from || end > to) continue;
      const call = calls.get(end) ?? { shapes: new Set(), layers: [] };
      calls.set(end, call);
      const shape = layer.outputShapes.map(formatShape).join(', ') || formatShape(undefined);
      call.shapes.add(shape);
      if (call.layers.length < 20) call.layers.push(`${graph.name} · ${layer.name}: ${shape}`);
    }
  }
  return [...calls]
    .sort(([a], [b]) => a - b)
    .map(([end, { shapes, layers }]) => ({
      position: document.positionAt(end),
      label: `→ ${labelOf([...shapes])}`,
      kind: InlayHintKind.Type,
      tooltip: layers.join('\n'),
      paddingLeft: true,
    }));
}

function labelOf(shapes: readonly string[]): string {
  return [...shapes.slice(0, maximumShapes), ...(shapes.length > maximumShapes ? ['…'] : [])].join(' | ');
}
