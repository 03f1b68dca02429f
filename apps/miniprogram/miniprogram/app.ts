import { services } from './services/services.ts';
import { isAtLeast, MIN_BASE_LIBRARY } from './services/wechat/environment.ts';
import { ROUTES, startAt } from './services/wechat/ui.ts';

App({
  onLaunch() {
    const { environment } = services();
    const { baseLibrary, hasCamera } = environment;
    if (!isAtLeast(baseLibrary, MIN_BASE_LIBRARY) || !hasCamera) startAt(ROUTES.unsupported);
  },
});
