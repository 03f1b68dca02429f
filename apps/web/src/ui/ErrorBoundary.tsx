import i18next from 'i18next';
import { Component, type ReactNode } from 'react';

/** A defect of the page itself: says so, and offers the one thing that helps. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="message card" role="alert" data-testid="failure" data-reason="page">
        <h1>{i18next.t('failure.server.title')}</h1>
        <p>{i18next.t('failure.invalid.body')}</p>
        <button type="button" className="button primary" onClick={() => window.location.reload()}>
          {i18next.t('app.tryAgain')}
        </button>
      </main>
    );
  }
}
