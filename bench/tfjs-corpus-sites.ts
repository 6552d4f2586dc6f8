/** Calls that make layers, found in source text without the reader: by the names that stand there. */
import * as tf from '@tensorflow/tfjs';
import ts from 'typescript';

export interface LayerSite {
  readonly factory: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

const factories = new Set(Object.keys(tf.layers).filter(name => /^[a-z]/.test(name)));

/** Script elements of a page as one text of the same length, everything else blanked. */
export function scriptText(file: string, text: string): string {
  if (!/\.(html?|vue|svelte)$/i.test(file)) return text;
  let out = '';
  let at = 0;
  for (const match of text.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/gi)) {
    const start = match.index + match[0].indexOf('>') + 1;
    const end = match.index + match[0].length - '</script>'.length;
    out += text.slice(at, start).replace(/[^\n]/g, ' ') + text.slice(start, end);
    at = end;
  }
  return out + text.slice(at).replace(/[^\n]/g, ' ');
}

export function parse(file: string, text: string): ts.SourceFile {
  const kind = /\.tsx$/.test(file) ? ts.ScriptKind.TSX : /\.[cm]?ts$/.test(file) ? ts.ScriptKind.TS : ts.ScriptKind.JSX;
  return ts.createSourceFile(file, scriptText(file, text), ts.ScriptTarget.ESNext, true, kind);
}

/** `….layers.dense(…)`, and `dense(…)` where a name of that kind is imported or taken out of `layers`. */
export function layerSites(file: string, text: string): LayerSite[] {
  const source = parse(file, text);
  const sites: LayerSite[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const factory = factoryOf(node.expression);
      if (factory) {
        const start = node.getStart(source);
        const { line } = source.getLineAndCharacterOfPosition(start);
        sites.push({ factory, start, end: node.end, line: line + 1 });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return sites;
}

function factoryOf(callee: ts.Expression): string | undefined {
  if (!ts.isPropertyAccessExpression(callee)) return undefined;
  const name = callee.name.text;
  const owner = callee.expression;
  const last = ts.isPropertyAccessExpression(owner) ? owner.name.text : ts.isIdentifier(owner) ? owner.text : '';
  if (last === 'layers' && factories.has(name)) return name;
  return last === 'tf' && name === 'input' ? name : undefined;
}
