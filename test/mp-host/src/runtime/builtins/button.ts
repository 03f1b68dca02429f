import type { CodeSpace } from 'glass-easel-miniprogram-adapter';
import type { Pages } from '../pages.ts';
import { setDisabled } from '../tree.ts';
import type { Consents } from '../wx/privacy.ts';
import { defineBuiltin } from './define.ts';

/** What the user would fill in when a button opens one of WeChat's own pages; tests change it. */
export interface UserAnswers {
  /** Detail of `chooseavatar`. */
  avatar: object;
  /** Detail of `getphonenumber`. */
  phoneNumber: object;
  /** Detail of `getuserinfo`. */
  userInfo: object;
}

export const DEFAULT_ANSWERS: UserAnswers = {
  avatar: { avatarUrl: 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=' },
  phoneNumber: { errMsg: 'getPhoneNumber:ok', code: 'phone-code' },
  userInfo: { errMsg: 'getUserInfo:ok', userInfo: { nickName: '微信用户', avatarUrl: '' } },
};

interface ButtonPorts {
  readonly pages: Pages;
  readonly consents: Consents;
  readonly answers: UserAnswers;
}

const DEFAULTS = {
  type: 'default',
  size: 'default',
  plain: false,
  disabled: false,
  loading: false,
  formType: '',
  openType: '',
  lang: 'en',
  sessionFrom: '',
  sendMessageTitle: '',
  sendMessagePath: '',
  sendMessageImg: '',
  showMessageCard: false,
  appParameter: '',
};

export function defineButton(space: CodeSpace, ports: ButtonPorts): void {
  defineBuiltin(space, 'button', DEFAULTS, (self) => {
    const { element } = self;
    // `click` comes after the tap that it is made of, as these events do in WeChat.
    element.addEventListener('click', () => {
      if (self.props.disabled) return;
      open(self.props.openType);
      if (self.props.formType !== '') {
        element.dispatchEvent(new CustomEvent(`mp-${self.props.formType}`, { bubbles: true }));
      }
    });
    element.tabIndex = 0;
    element.setAttribute('role', 'button');
    return {
      changed() {
        const { type, size, plain, disabled, loading } = self.props;
        element.dataset['type'] = type;
        element.dataset['size'] = size;
        element.toggleAttribute('data-plain', plain);
        element.toggleAttribute('data-loading', loading);
        setDisabled(element, disabled);
      },
    };

    function open(openType: string): void {
      const { pages, consents, answers } = ports;
      // Several kinds may be joined, as "getPhoneNumber|agreePrivacyAuthorization".
      for (const kind of openType.split('|')) {
        if (kind === 'share') pages.share('button', { id: self.id, dataset: self.dataset });
        else if (kind === 'agreePrivacyAuthorization') {
          consents.agree();
          self.emit('agreeprivacyauthorization', {});
        } else if (kind === 'chooseAvatar') self.emit('chooseavatar', answers.avatar);
        else if (kind === 'getPhoneNumber') self.emit('getphonenumber', answers.phoneNumber);
        else if (kind === 'getUserInfo') self.emit('getuserinfo', answers.userInfo);
        else if (kind === 'contact') self.emit('contact', { path: '', query: {} });
        else if (kind === 'openSetting') {
          Object.assign(consents.scopes, consents.settingsChange);
          self.emit('opensetting', { authSetting: { ...consents.scopes }, errMsg: 'openSetting:ok' });
        }
      }
    }
  });
}
