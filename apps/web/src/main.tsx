import './styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { codeLogin } from './app/client.ts';
import { setUpLanguage } from './i18n/setup.ts';

// Before anything else: the code is off the address, and on its way, when the first page is drawn.
codeLogin.start();

const root = document.getElementById('root');
if (root) {
  await setUpLanguage();
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
