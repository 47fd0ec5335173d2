import { CommandFailed } from './command-failed.js';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const BACKSPACES = ['\u007f', '\b'];

/** Asks twice on the terminal and shows nothing of what is typed. Rejects when the answers differ or the user gives up. */
export async function promptPassword(question: string): Promise<string> {
  const password = await ask(question);
  if (password !== '' && (await ask('again: ')) !== password) throw new CommandFailed('the passwords differ');
  return password;
}

function ask(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const end = (finish: () => void): void => {
      stdin.off('data', hear);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      finish();
    };
    const hear = (chunk: string): void => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n' || character === CTRL_D) {
          end(() => resolve(typed.join('')));
          return;
        }
        if (character === CTRL_C) {
          end(() => reject(new CommandFailed('given up')));
          return;
        }
        if (BACKSPACES.includes(character)) typed.pop();
        else if (character === CTRL_U) typed = [];
        else typed.push(character);
      }
    };
    stdin.on('data', hear);
  });
}
