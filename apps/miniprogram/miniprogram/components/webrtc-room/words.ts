/** The few words that the tiles themselves say. */
export interface Words {
  readonly me: string;
  /** What a cover says, by its kind; kinds without an entry say nothing. */
  readonly covers: Readonly<Record<string, string>>;
  /** Before the names of those without a tile. */
  readonly also: string;
  readonly screen: string;
  readonly microphoneOff: string;
}

const ZH: Words = {
  me: '我',
  covers: {
    failed: '画面中断，轻触重试',
    hidden: '轻触显示画面',
    'video-codec': '对方的画面格式暂不支持在手机上显示',
    encrypted: '对方启用了端到端加密，无法显示',
    'not-allowed': '没有观看权限',
  },
  also: '也在房间里：',
  screen: '的屏幕',
  microphoneOff: '麦克风已关闭',
};

const EN: Words = {
  me: 'Me',
  covers: {
    failed: 'Picture lost. Tap to retry',
    hidden: 'Tap to show the picture',
    'video-codec': 'This picture cannot be shown on phones',
    encrypted: 'End-to-end encrypted: cannot be shown',
    'not-allowed': 'You may not watch this',
  },
  also: 'Also here: ',
  screen: '’s screen',
  microphoneOff: 'Microphone off',
};

/** @param language the property `language` (`zh`, `en`) or WeChat's own; Chinese unless it is another language */
export function wordsFor(language: string): Words {
  return language === '' || language.toLowerCase().startsWith('zh') ? ZH : EN;
}
