/** Entry point of the language server: speaks LSP over the transport the client chose (Node IPC or stdio). */
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { startServer } from './server.ts';

startServer(createConnection(ProposedFeatures.all));
