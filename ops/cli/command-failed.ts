/** What a command could not do, said to the user. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
