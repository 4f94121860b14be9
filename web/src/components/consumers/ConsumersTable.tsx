import { Text } from '@mantine/core';

import type { Consumer } from '../../api/consumers.ts';
import { When } from '../../ui/When.tsx';
import classes from './consumers.module.css';

interface Props {
  consumers: Consumer[];
  /** The config's. */
  epoch: string;
}

export function ConsumersTable({ consumers, epoch }: Props) {
  return (
    <table className={classes.table} aria-label="Consumers">
      <thead>
        <tr>
          <th scope="col">Cluster</th>
          <th scope="col">Namespace</th>
          <th scope="col">Name</th>
          <th scope="col">Revision</th>
          <th scope="col">State</th>
          <th scope="col">Reported</th>
        </tr>
      </thead>
      <tbody>
        {consumers.map((one, index) => (
          <ConsumerRow // Two clusters of one name are told apart by nothing else.
            key={`${index}\n${one.cluster}\n${one.namespace}\n${one.name}`}
            consumer={one} epoch={epoch} />
        ))}
      </tbody>
    </table>
  );
}

function ConsumerRow({ consumer, epoch }: { consumer: Consumer; epoch: string }) {
  const { cluster, namespace, name, revision, current, reportedAt, reportedBy, tokenEnded } = consumer;
  return (
    <tr>
      <td data-label="Cluster">{cluster}</td>
      <td data-label="Namespace">{namespace}</td>
      <th scope="row" className={classes.name}>
        {name}
      </th>
      <td data-label="Revision" className={classes.number}>
        {revision}
        {consumer.epoch !== epoch && (
          <Text size="xs" c="dimmed">
            from before a restore
          </Text>
        )}
      </td>
      <td data-label="State" className={classes.state} data-current={current || undefined}>
        <span className={classes.stateWord}>
          <span aria-hidden="true" className={classes.sign} />
          {current ? 'current' : 'behind'}
        </span>
      </td>
      <td data-label="Reported">
        <When at={reportedAt} />
        <Text size="xs" c="dimmed" className={classes.by}>
          {reportedBy != null && `by ${reportedBy}`}
          {tokenEnded && ', whose token has ended'}
        </Text>
      </td>
    </tr>
  );
}
