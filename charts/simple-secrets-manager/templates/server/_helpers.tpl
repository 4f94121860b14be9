{{- define "ssm.server.name" -}}
{{ include "ssm.fullname" . }}-server
{{- end -}}

{{/* The Secret with the server's certificate; nothing where it speaks plain HTTP. */}}
{{- define "ssm.server.tlsSecret" -}}
{{- if .Values.server.tls.certificate.enabled -}}
{{ include "ssm.server.name" . }}-tls
{{- else -}}
{{ .Values.server.tls.existingSecret }}
{{- end -}}
{{- end -}}

{{- define "ssm.server.scheme" -}}
{{ ternary "https" "http" (ne (include "ssm.server.tlsSecret" .) "") }}
{{- end -}}

{{/* The server's name within the cluster. */}}
{{- define "ssm.server.host" -}}
{{ printf "%s.%s.svc" (include "ssm.server.name" .) .Release.Namespace }}
{{- end -}}

{{/* Where people reach the server; nothing where that is not known. */}}
{{- define "ssm.server.publicUrl" -}}
{{- if .Values.server.publicUrl -}}
{{ .Values.server.publicUrl }}
{{- else if .Values.server.ingress.enabled -}}
https://{{ .Values.server.ingress.host }}
{{- else if and .Values.server.httpRoute.enabled .Values.server.httpRoute.hostnames -}}
https://{{ first .Values.server.httpRoute.hostnames }}
{{- end -}}
{{- end -}}

{{/* What the server is set to, but for secrets. Its pods are made anew when it changes. */}}
{{- define "ssm.server.settings" -}}
{{- $settings := dict "BIND_HOST" "0.0.0.0" "PORT" "8080" "DATA_DIR" "/data" -}}
{{- with include "ssm.server.publicUrl" . -}}
{{- $_ := set $settings "PUBLIC_URL" . -}}
{{- end -}}
{{- if include "ssm.server.tlsSecret" . -}}
{{- $_ := set $settings "TLS_CERT_FILE" "/tls/tls.crt" -}}
{{- $_ := set $settings "TLS_KEY_FILE" "/tls/tls.key" -}}
{{- end -}}
{{- if .Values.server.existingSecret -}}
{{- $_ := set $settings "ENCRYPTION_KEY_FILE" "/keys/ENCRYPTION_KEY" -}}
{{- $_ := set $settings "TOKEN_SALT_FILE" "/keys/TOKEN_SALT" -}}
{{- end -}}
{{- if eq .Values.server.storage.type "mongodb" -}}
{{- $_ := set $settings "MONGODB_URI" (printf "mongodb://%s:27017/?authSource=admin" (include "ssm.mongodb.name" .)) -}}
{{- $_ := set $settings "MONGODB_USERNAME" "ssm" -}}
{{- $_ := set $settings "MONGODB_PASSWORD_FILE" "/keys/MONGODB_PASSWORD" -}}
{{- else if eq .Values.server.storage.type "external" -}}
{{- $_ := set $settings "MONGODB_URI_FILE" "/keys/MONGODB_URI" -}}
{{- end -}}
{{- range $name, $value := mergeOverwrite $settings .Values.server.settings }}
{{ $name }}: {{ include "ssm.setting" $value }}
{{- end -}}
{{- end -}}

{{/* The pods of the server, whether a StatefulSet or a Deployment makes them. */}}
{{- define "ssm.server.pod" -}}
metadata:
  labels:
    {{- include "ssm.selector" (list . "server") | nindent 4 }}
  annotations:
    checksum/settings: {{ include "ssm.server.settings" . | sha256sum }}
    {{- with .Values.server.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "ssm.server.name" . }}
  automountServiceAccountToken: false
  # Names of other Services are not for the server, which refuses variables that look like settings and are none.
  enableServiceLinks: false
  securityContext:
    {{- include "ssm.podSecurityContext" 65532 | nindent 4 }}
  # What has begun may take 10 s to end.
  terminationGracePeriodSeconds: 30
  {{- with include "ssm.placement" (list . .Values.server) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if ne .Values.server.storage.type "embedded" }}
  {{- include "ssm.spread" (list . "server") | nindent 2 }}
  {{- end }}
  containers:
    - name: server
      image: {{ include "ssm.image" (list . .Values.server.image) | quote }}
      imagePullPolicy: {{ .Values.server.image.pullPolicy }}
      securityContext:
        {{- include "ssm.securityContext" . | nindent 8 }}
      envFrom:
        - configMapRef:
            name: {{ include "ssm.server.name" . }}
      {{- with .Values.server.existingSecret }}
      env:
        {{- range list "ENCRYPTION_KEY_PREVIOUS" "SSM_SETUP_TOKEN" }}
        - name: {{ . }}
          valueFrom:
            secretKeyRef:
              name: {{ $.Values.server.existingSecret }}
              key: {{ . }}
              optional: true
        {{- end }}
      {{- end }}
      ports:
        - name: http
          containerPort: 8080
      # The first start of another release reads the whole journal.
      startupProbe:
        httpGet: { path: /healthz, port: http, scheme: {{ include "ssm.server.scheme" . | upper }} }
        periodSeconds: 2
        failureThreshold: 300
      livenessProbe:
        httpGet: { path: /healthz, port: http, scheme: {{ include "ssm.server.scheme" . | upper }} }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: http, scheme: {{ include "ssm.server.scheme" . | upper }} }
        periodSeconds: 5
        timeoutSeconds: 3
      {{- if ne .Values.server.storage.type "embedded" }}
      # So that nobody is sent here any more by the time that nobody is let in.
      lifecycle:
        preStop:
          sleep: { seconds: 5 }
      {{- end }}
      resources:
        {{- toYaml .Values.server.resources | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if eq .Values.server.storage.type "embedded" }}
        - name: data
          mountPath: /data
        {{- end }}
        {{- if .Values.server.existingSecret }}
        - name: keys
          mountPath: /keys
          readOnly: true
        {{- end }}
        {{- if include "ssm.server.tlsSecret" . }}
        - name: tls
          mountPath: /tls
          readOnly: true
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- if .Values.server.existingSecret }}
    - name: keys
      projected:
        defaultMode: 256 # 0400
        sources:
          - secret:
              name: {{ .Values.server.existingSecret }}
              items:
                - { key: ENCRYPTION_KEY, path: ENCRYPTION_KEY }
                - { key: TOKEN_SALT, path: TOKEN_SALT }
                {{- if eq .Values.server.storage.type "mongodb" }}
                - { key: MONGODB_PASSWORD, path: MONGODB_PASSWORD }
                {{- end }}
          {{- if eq .Values.server.storage.type "external" }}
          - secret:
              name: {{ default .Values.server.existingSecret .Values.server.storage.external.existingSecret }}
              items:
                - { key: {{ .Values.server.storage.external.key | quote }}, path: MONGODB_URI }
          {{- end }}
    {{- end }}
    {{- with include "ssm.server.tlsSecret" . }}
    - name: tls
      secret:
        secretName: {{ . }}
        defaultMode: 256 # 0400
    {{- end }}
{{- end -}}
