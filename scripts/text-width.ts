/**
 * Stands for the package string-width in the bundle of the command line (bundle.ts). yargs lays out help with it, which is text
 * of ours: every character is one column wide. The package loads ICU's tables of characters for the rest, three times, which
 * takes longer than all else that a usage error needs.
 */
export default function stringWidth(text: string): number {
  return [...text].length;
}
