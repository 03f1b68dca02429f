/** Where a client wants to publish or play: put together from the three places in which clients write parts of the URL. */

export interface TargetParts {
  readonly app: string;
  readonly stream: string;
  readonly query: string;
}

/**
 * The query is taken from the stream name, then from `app`, then from `tcUrl`. A client that splits the URL at its last `/`
 * puts the beginning of a query that holds a `/` into `app`, the stream's name before it: `live/name?a=b` and `c`; that
 * is put together again. All three are the client's words; nothing is unescaped.
 */
export function readTarget(app: string, tcUrl: string | null, name: string): TargetParts {
  const [appPath, appQuery] = splitQuery(app);
  const slash = appPath.indexOf('/');
  if (appQuery !== '' && slash > 0 && slash < appPath.length - 1) {
    return { app: appPath.slice(0, slash), stream: appPath.slice(slash + 1), query: `${appQuery}/${name}` };
  }
  const [stream, streamQuery] = splitQuery(name);
  const query = streamQuery || appQuery || (tcUrl === null ? '' : splitQuery(tcUrl)[1]);
  return { app: trimSlash(appPath), stream, query };
}

function splitQuery(text: string): [path: string, query: string] {
  const mark = text.indexOf('?');
  return mark < 0 ? [text, ''] : [text.slice(0, mark), text.slice(mark + 1)];
}

function trimSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
