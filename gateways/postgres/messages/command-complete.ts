import type { MessageWriter } from '../encode.js';

/*
 *   CommandComplete = 'C' length tag:cstring
 *   tag             = verb | verb ' ' count | 'INSERT 0 ' count
 */

/** `count` -1 = a tag without count. */
export function writeCommandComplete(out: MessageWriter, verb: string, count: number): void {
  out.start(0x43);
  out.text(verb);
  if (count >= 0) {
    out.text(verb === 'INSERT' ? ' 0 ' : ' ');
    out.text(String(count));
  }
  out.byte(0);
  out.end();
}
