// What is drawn into a chart beside its lines: moments when something was
// done, and a value that means something when it is passed.
import type uPlot from 'uplot';

export interface Mark {
  time: number;
  label: string;
}

export interface Threshold {
  value: number;
  label: string;
}

const DASH = [4, 4];

/** Draws into the plot; places are pixels of the canvas. */
export function drawMarks(u: uPlot, marks: readonly Mark[], threshold: Threshold | undefined, colour: (name: string) => string): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.setLineDash(DASH.map((length) => length * devicePixelRatio));
  ctx.lineWidth = devicePixelRatio;
  for (const { time } of marks) line(ctx, colour('--pending'), u.valToPos(time / 1000, 'x', true), bbox.top, 0, bbox.height);
  if (threshold) line(ctx, colour('--slow'), bbox.left, u.valToPos(threshold.value, 'y', true), bbox.width, 0);
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, stroke: string, x: number, y: number, width: number, height: number): void {
  ctx.strokeStyle = stroke;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + width, y + height);
  ctx.stroke();
}
