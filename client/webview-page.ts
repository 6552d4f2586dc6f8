/** The shell of every page that the extension shows in a webview. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export interface WebviewPage {
  /** Of the bundle: the page's script and style are `dist/webview/NAME.js` and `NAME.css`. */
  readonly name: string;
  readonly title: string;
  /** Content of the page's body, without the script. */
  readonly body: string;
  /** What its pictures may come from beside nothing: the extension's own files, and the page's own `data:` URLs. */
  readonly images?: readonly ('extension' | 'data')[];
}

/** Nothing may load but the page's own script and style and the pictures it names; style in attributes is refused. */
export function webviewPage(webview: vscode.Webview, extension: vscode.Uri, page: WebviewPage): string {
  const nonce = randomBytes(16).toString('base64');
  const asset = (ending: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', 'webview', `${page.name}.${ending}`)).toString();
  const images = page.images?.map(source => (source === 'data' ? 'data:' : webview.cspSource)) ?? [];
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    ...(images.length > 0 ? [`img-src ${images.join(' ')}`] : []),
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${asset('css')}">
<title>${page.title}</title>
</head>
<body>
${page.body}
<script nonce="${nonce}" src="${asset('js')}"></script>
</body>
</html>`;
}
