import { Client } from '@lianmai/client-core';
import { browserHttp } from '../platform/http.ts';
import { readPreferences } from '../platform/preferences.ts';
import { tabStore } from '../platform/storage.ts';
import { CodeLogin } from './code-login.ts';

/** The page's one client, on the server that the page came from. */
export const client = new Client({
  http: browserHttp,
  baseUrl: '',
  store: tabStore,
  defaultName: () => readPreferences().name,
});

/** Signs the client in by a code in the page's address; begun by main.tsx. */
export const codeLogin = new CodeLogin(client.session, window);
