/** What a chart's plugins draw on: Skia's canvas in Node, a browser's in the page. */
export type Context2D = CanvasRenderingContext2D;
