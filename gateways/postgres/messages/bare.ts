/*
 * Backend messages that are a type byte and the length 4:
 *
 *   ParseComplete = '1'  BindComplete = '2'  CloseComplete = '3'  NoData = 'n'
 *   EmptyQueryResponse = 'I'  PortalSuspended = 's'  CopyDone = 'c'
 */
export const PARSE_COMPLETE = 0x31;
export const BIND_COMPLETE = 0x32;
export const CLOSE_COMPLETE = 0x33;
export const NO_DATA = 0x6e;
export const EMPTY_QUERY_RESPONSE = 0x49;
export const PORTAL_SUSPENDED = 0x73;
export const COPY_DONE = 0x63;
