/** Endings of pages and components that hold code in script elements. */
const markup = /\.(html?|vue|svelte)$/i;

export function isMarkup(path: string): boolean {
  return markup.test(path);
}

/** Types of script elements that are code; anything else in them is data. */
const codeTypes = /^(|module|(text|application)\/(java|ecma|type|live)script|text\/(babel|jsx|typescript|ts))$/i;

/** A script element with a `src`. */
export interface ScriptSource {
  /** Where it stands in the page: what is written behind it runs later. */
  readonly at: number;
  readonly src: string;
  /** Of type `module`: its variables are its own, those of other scripts are the page's. */
  readonly isModule: boolean;
}

export interface Scripts {
  /** The code of all script elements, everything else blanked: offsets stay those of the page. */
  readonly code: string;
  readonly isTypeScript: boolean;
  readonly sources: readonly ScriptSource[];
}

/**
 * The script elements of a page or component. Comments are passed over, as a browser does; an element that does not end
 * reaches to the end of the text.
 */
export function scriptsOf(text: string): Scripts {
  const opening = /<!--|<script\b((?:[^>"']|"[^"]*"|'[^']*')*)>/gi;
  const parts: string[] = [];
  const sources: ScriptSource[] = [];
  let isTypeScript = false;
  let end = 0;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const start = match.index + match[0].length;
    const closing = match[0] === '<!--' ? '-->' : '</script';
    const close = indexOfIgnoringCase(text, closing, start);
    opening.lastIndex = close;
    if (match[0] === '<!--') continue;
    const attributes = match[1] ?? '';
    const type = attributeOf(attributes, 'type');
    if (!codeTypes.test(type)) continue;
    if (/^tsx?$/i.test(attributeOf(attributes, 'lang'))) isTypeScript = true;
    const src = attributeOf(attributes, 'src');
    if (src !== '') sources.push({ at: match.index, src, isModule: /^module$/i.test(type) });
    parts.push(blank(text.slice(end, start)), text.slice(start, close));
    end = close;
  }
  parts.push(blank(text.slice(end)));
  return { code: parts.join(''), isTypeScript, sources };
}

/** A `src` of a page as a module specifier: it is relative to the page also without `./`. */
export function specifierOf({ src }: ScriptSource): string {
  return /^(\.{0,2}\/|[a-z][\w+.-]*:)/i.test(src) ? src : `./${src}`;
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
