/** How all charts look: VS Code's colours where there are any. */
import type uPlot from 'uplot';
import type { RunState } from '../../../src-attack/process/run-state.ts';

/** VS Code's chart colours; a saved report falls back to the second value. */
const colours = [
  ['--vscode-charts-blue', '#3794ff'],
  ['--vscode-charts-orange', '#d18616'],
  ['--vscode-charts-green', '#388a34'],
  ['--vscode-charts-purple', '#b180d7'],
  ['--vscode-charts-red', '#f14c4c'],
  ['--vscode-charts-yellow', '#cca700'],
] as const;

function colour(name: string, fallback: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || fallback;
}

/** Line colour of a method: the same in every chart of a run. */
export function lineColour(method: string, run: RunState): string {
  const i = run.methods.findIndex(candidate => candidate.method === method);
  const [name, fallback] = colours[Math.max(0, i) % colours.length]!;
  return colour(name, fallback);
}

export function axisStyle(): uPlot.Axis {
  const grid = { stroke: colour('--vscode-widget-border', '#8884'), width: 1 };
  return { stroke: colour('--vscode-foreground', '#444'), grid, ticks: grid };
}

export const chartHeight = 200;

export function chartWidth(root: HTMLElement): number {
  const space = root.clientWidth - 16;
  // Two stand side by side where there is room.
  return Math.max(240, Math.min(560, space >= 560 ? Math.floor(space / 2) - 16 : space));
}
