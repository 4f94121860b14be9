{{- define "ssm.mongodb.name" -}}
{{ include "ssm.fullname" . }}-mongodb
{{- end -}}
