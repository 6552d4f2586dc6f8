import * as vscode from 'vscode';

/** The table's page: nothing may load but its own script and style. */
export function onnxPage(webview: vscode.Webview, extension: vscode.Uri, nonce: string): string {
  const asset = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', 'webview', name)).toString();
  const policy = ["default-src 'none'", `script-src 'nonce-${nonce}'`, `style-src ${webview.cspSource}`].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${asset('onnx.css')}">
<title>ONNX layers</title>
</head>
<body>
<header id="summary"></header>
<div id="tools" role="search" aria-label="Layers" hidden></div>
<main id="layers" aria-label="Layers"><p class="note">Reading the model…</p></main>
<footer id="detail" aria-live="polite"></footer>
<script nonce="${nonce}" src="${asset('onnx.js')}"></script>
</body>
</html>`;
}
