import * as vscode from 'vscode';

/** The panel's page: nothing may load but its own script, style and pictures. */
export function attackPage(webview: vscode.Webview, extension: vscode.Uri, nonce: string): string {
  const asset = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', 'webview', name)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${asset('attack.css')}">
<title>Leakage attack</title>
</head>
<body>
<main>
<section id="setup" aria-label="Attack settings"></section>
<section id="results" aria-label="Reconstructions"></section>
<section id="charts" aria-label="Curves"></section>
<section id="sweep" aria-label="Defence sweep" hidden></section>
</main>
<script nonce="${nonce}" src="${asset('attack.js')}"></script>
</body>
</html>`;
}
