/**
 * Stands in for the package `canvas` (node-canvas), whose install fetches a binary from outside the registry or
 * compiles against cairo. `@napi-rs/canvas` comes from the registry alone, and its `node-canvas` entry already
 * speaks node-canvas for pixels; missing are the encoders of its SVG canvas, which chartjs-node-canvas calls.
 */

const { createCanvas: createNativeCanvas, SvgExportFlag } = require("@napi-rs/canvas");
const nodeCanvas = require("@napi-rs/canvas/node-canvas");

/** Like node-canvas's createCanvas. An SVG's text becomes paths, so that it needs no font where it is viewed. */
function createCanvas(width, height, type) {
  if (type !== "svg") return nodeCanvas.createCanvas(width, height, type);
  const canvas = createNativeCanvas(width, height, SvgExportFlag.ConvertTextToPaths);
  canvas.toBuffer = (...args) => answer(args, () => canvas.getContent());
  canvas.toDataURL = (...args) =>
    answer(args, () => `data:image/svg+xml;base64,${canvas.getContent().toString("base64")}`);
  return canvas;
}

/** node-canvas takes its callback at any position, and answers at once when there is none. */
function answer(args, make) {
  const callback = args.find((argument) => typeof argument === "function");
  if (callback === undefined) return make();
  let made;
  try {
    made = make();
  } catch (error) {
    return callback(error);
  }
  callback(null, made);
}

module.exports = { ...nodeCanvas, createCanvas };
