import { formatChatMessageLinks, type ReceivedChatMessage } from '@livekit/components-react';
import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../ui/Icon.tsx';
import { useNotify } from '../../ui/notices.tsx';
import { displayName } from './names.ts';
import { Panel } from './Panel.tsx';

const MAX_MESSAGE_LENGTH = 2_000;

export function ChatPanel({
  messages,
  send,
  sending,
  onClose,
}: {
  readonly messages: readonly ReceivedChatMessage[];
  readonly send: (message: string) => Promise<unknown>;
  readonly sending: boolean;
  readonly onClose: () => void;
}) {
  const { t, i18n } = useTranslation();
  const notify = useNotify();
  const id = useId();
  const [text, setText] = useState('');
  const end = useRef<HTMLDivElement>(null);
  const count = messages.length;

  // biome-ignore lint/correctness/useExhaustiveDependencies: each new message scrolls.
  useEffect(() => {
    // Newer browsers answer a promise here, which an effect must not return.
    end.current?.scrollIntoView({ block: 'nearest' });
  }, [count]);

  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    const message = text.trim();
    if (message === '' || sending) return;
    setText('');
    try {
      await send(message);
    } catch {
      setText((current) => current || message);
      notify({ text: t('chat.failed'), tone: 'bad' });
    }
  };
  const enter = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // Enter ends the choice of a character while an input method is composing.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void submit();
  };

  return (
    <Panel title={t('chat.title')} testId="chat" onClose={onClose}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <div className="chat-log" role="log" aria-live="polite" aria-label={t('chat.title')} tabIndex={0}>
        {count === 0 && <p className="panel-empty">{t('chat.empty')}</p>}
        {messages.map((message, index) => (
          <Message
            key={message.id}
            message={message}
            continued={isContinued(messages[index - 1], message)}
            locale={i18n.language}
          />
        ))}
        <div ref={end} />
      </div>
      <form className="chat-form" onSubmit={(event) => void submit(event)}>
        <label htmlFor={id} className="visually-hidden">
          {t('chat.label')}
        </label>
        <textarea
          id={id}
          data-testid="chat-input"
          rows={1}
          value={text}
          maxLength={MAX_MESSAGE_LENGTH}
          enterKeyHint="send"
          placeholder={t('chat.placeholder')}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={enter}
        />
        <button
          type="submit"
          className="round accent"
          data-testid="chat-send"
          aria-label={t('chat.send')}
          disabled={text.trim() === ''}
        >
          <Icon name="send" size={20} />
        </button>
      </form>
    </Panel>
  );
}

const RUN_MS = 3 * 60_000;

/** Whether a message goes on where the same sender's last one ended. */
function isContinued(previous: ReceivedChatMessage | undefined, message: ReceivedChatMessage): boolean {
  return (
    previous !== undefined &&
    previous.from?.identity === message.from?.identity &&
    message.timestamp - previous.timestamp < RUN_MS
  );
}

function Message({
  message,
  continued,
  locale,
}: {
  readonly message: ReceivedChatMessage;
  readonly continued: boolean;
  readonly locale: string;
}) {
  const { t } = useTranslation();
  const from = message.from;
  const name = from ? displayName(from) : t('app.guest');
  const time = new Date(message.timestamp);
  return (
    <article
      className={from?.isLocal ? 'chat-message own' : 'chat-message'}
      data-testid="chat-message"
      data-identity={from?.identity}
      data-continued={continued}
    >
      <header className={continued ? 'visually-hidden' : undefined}>
        <strong>{from?.isLocal ? t('app.you') : name}</strong>
        <time dateTime={time.toISOString()}>
          {time.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' })}
        </time>
      </header>
      <p>{formatChatMessageLinks(message.message)}</p>
    </article>
  );
}
