import ts from 'typescript';
import { isMarkup, scriptsOf } from './markup.ts';

/** Parses code, or the script elements of a page or component; undefined where it is nested too deeply. */
export function parseSource(path: string, text: string): ts.SourceFile | undefined {
  try {
    const options = { languageVersion: ts.ScriptTarget.ESNext, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };
    if (!isMarkup(path)) return ts.createSourceFile(path, text, options, true, scriptKind(path));
    const { code, isTypeScript } = scriptsOf(text);
    return ts.createSourceFile(path, code, options, true, isTypeScript ? ts.ScriptKind.TS : ts.ScriptKind.JSX);
  } catch (error) {
    // TypeScript's parser is recursive: its stack overflows on thousands of nested brackets.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function scriptKind(path: string): ts.ScriptKind {
  if (/\.tsx$/i.test(path)) return ts.ScriptKind.TSX;
  if (/\.json$/i.test(path)) return ts.ScriptKind.JSON;
  return /\.[cm]?ts$/i.test(path) ? ts.ScriptKind.TS : ts.ScriptKind.JSX;
}
