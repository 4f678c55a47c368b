import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'react-redux';
import { RouterProvider } from 'react-router/dom';
import { router } from './app/routes';
import { store } from './app/store';
import { applyToDocument, followEnvironment } from './lib/preferences';
import './ui/tokens.css';
import './ui/base.css';
import './ui/fields.css';
import './ui/controls.css';

applyToDocument();
followEnvironment();

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element root');
createRoot(root).render(
  <StrictMode>
    <Provider store={store}>
      <RouterProvider router={router} />
    </Provider>
  </StrictMode>,
);
