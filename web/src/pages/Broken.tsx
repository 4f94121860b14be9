import { Button } from '@mantine/core';

import { Empty } from '../ui/Empty.tsx';
import { PageHead } from '../ui/PageHead.tsx';

/** In the place of a page that could not be loaded, or that broke. */
export function Broken() {
  return (
    <>
      <PageHead title="This page could not be shown" />
      <Empty text="Nothing was changed. The server may be away just now, or have another version than this page.">
        <Button onClick={() => window.location.reload()}>Load it again</Button>
      </Empty>
    </>
  );
}
