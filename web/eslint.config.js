import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'src/api/schema.d.ts', 'test-results'] },
  ...tseslint.configs.strict,
  { ...reactHooks.configs.flat['recommended-latest'], files: ['src/**'] },
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_$' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // Markup that is made of text is how a value would become a script.
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: 'Text stays text.' },
      ],
    },
  },
  {
    files: ['src/**'],
    rules: {
      'no-console': 'error',
      // Only tells what a compiler would leave alone that is not used here.
      'react-hooks/incompatible-library': 'off',
    },
  },
);
