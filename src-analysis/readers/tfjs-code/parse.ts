import ts from 'typescript';

/** Endings of pages and components that hold code in script elements. */
const markup = /\.(html?|vue|svelte)$/i;

/** Parses code, or the script elements of a page or component; undefined where it is nested too deeply. */
export function parseSource(path: string, text: string): ts.SourceFile | undefined {
  try {
    const options = { languageVersion: ts.ScriptTarget.ESNext, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };
    if (!markup.test(path)) return ts.createSourceFile(path, text, options, true, scriptKind(path));
    const { code, kind } = scriptsOf(text);
    return ts.createSourceFile(path, code, options, true, kind);
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

/** Types of script elements that are code; anything else in them is data. */
const codeTypes = /^(|module|(text|application)\/(java|ecma|type|live)script|text\/(babel|jsx|typescript|ts))$/i;

/**
 * The code of all script elements, everything else blanked: offsets stay those of the page. Comments are passed over, as
 * a browser does; an element that does not end reaches to the end of the text.
 */
export function scriptsOf(text: string): { readonly code: string; readonly kind: ts.ScriptKind } {
  const opening = /<!--|<script\b((?:[^>"']|"[^"]*"|'[^']*')*)>/gi;
  const parts: string[] = [];
  let kind = ts.ScriptKind.JSX;
  let end = 0;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const start = match.index + match[0].length;
    const closing = match[0] === '<!--' ? '-->' : '</script';
    const close = indexOfIgnoringCase(text, closing, start);
    opening.lastIndex = close;
    if (match[0] === '<!--') continue;
    const attributes = match[1] ?? '';
    if (!codeTypes.test(attributeOf(attributes, 'type'))) continue;
    if (/^tsx?$/i.test(attributeOf(attributes, 'lang'))) kind = ts.ScriptKind.TS;
    parts.push(blank(text.slice(end, start)), text.slice(start, close));
    end = close;
  }
  parts.push(blank(text.slice(end)));
  return { code: parts.join(''), kind };
}

function indexOfIgnoringCase(text: string, sought: string, from: number): number {
  const pattern = new RegExp(sought, 'gi');
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

function attributeOf(attributes: string, name: string): string {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]*))`, 'i').exec(attributes);
  return (match?.[1] ?? match?.[2] ?? match?.[3] ?? '').trim();
}

/** As many spaces, line breaks kept. */
function blank(text: string): string {
  return text.replace(/[^\r\n\u2028\u2029]/g, ' ');
}
