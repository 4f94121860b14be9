import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

import type { AuditSearch } from '../components/audit/address.ts';
import { Audit as Record } from '../components/audit/Audit.tsx';
import { useTitle } from '../ui/useTitle.ts';

export function Audit() {
  const search = useSearch({ from: '/audit' });
  const navigate = useNavigate();
  useTitle('Audit');
  const go = useCallback((next: AuditSearch) => void navigate({ to: '/audit', search: next, resetScroll: false }), [navigate]);
  return <Record search={search} go={go} />;
}
